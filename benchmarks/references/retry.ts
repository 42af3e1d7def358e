import type { Work } from "./work.ts";

/** Retries rejected calls, after a backoff with full jitter. A successful first attempt costs one promise. */
export function retryByHand<Req, Res>(
  work: Work<Req, Res>,
  { maxRetries, base, max }: { maxRetries: number; base: number; max: number },
): Work<Req, Res> {
  const again = async (request: Req, options: Parameters<typeof work>[1], failure: unknown): Promise<Res> => {
    let reason = failure;
    for (let retries = 0; retries < maxRetries; retries++) {
      const delay = Math.random() * Math.min(max, base * 2 ** retries);
      await new Promise((resolve) => setTimeout(resolve, delay));
      try {
        return await work(request, options);
      } catch (error) {
        reason = error;
      }
    }
    throw reason;
  };
  return (request, options) =>
    work(request, options).then(undefined, (reason: unknown) => again(request, options, reason));
}
