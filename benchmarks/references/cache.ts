import type { Work } from "./work.ts";

/**
 * Keeps answers for `ttl` ms, and concurrent callers of one key share one call. It leaves out stale answers, aborts, and a bounded size.
 */
export function cacheByHand<Req, Res>(work: Work<Req, Res>, ttl: number): Work<Req, Res> {
  const kept = new Map<Req, { readonly answer: Promise<Res>; until: number }>();
  return (request, options) => {
    const found = kept.get(request);
    if (found !== undefined && performance.now() < found.until) return found.answer;
    const entry = { answer: work(request, options), until: Number.POSITIVE_INFINITY };
    kept.set(request, entry);
    entry.answer.then(
      () => (entry.until = performance.now() + ttl),
      () => kept.delete(request),
    );
    return entry.answer;
  };
}
