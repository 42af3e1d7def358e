import type { Work } from "./work.ts";

/**
 * A token bucket (GCRA): `theoretical` is when the bucket will be full again, and may be at most a burst ahead. Above the rate it refuses,
 * for there is no line.
 */
export function rateByHand<Req, Res>(work: Work<Req, Res>, limit: number, interval: number): Work<Req, Res> {
  const token = interval / limit;
  const tolerance = interval - token;
  let theoretical = 0;
  return (request, options) => {
    const now = performance.now();
    if (theoretical < now) theoretical = now;
    if (theoretical - now > tolerance) return Promise.reject(new Error("too often"));
    theoretical += token;
    return work(request, options);
  };
}
