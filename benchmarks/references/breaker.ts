import type { Work } from "./work.ts";

/**
 * Opens when half of at least 20 calls in the last ten seconds failed, counted in ten buckets. It leaves out slow calls, the identity of
 * probes, aborts, and calls that were admitted before the state changed.
 */
export function breakerByHand<Req, Res>(work: Work<Req, Res>): Work<Req, Res> {
  const buckets = Array.from({ length: 10 }, () => ({ second: -1, calls: 0, failures: 0 }));
  let until = 0;

  function count(failed: boolean): void {
    const now = performance.now();
    const second = Math.floor(now / 1_000);
    const bucket = buckets[second % 10]!;
    if (bucket.second !== second) {
      bucket.second = second;
      bucket.calls = bucket.failures = 0;
    }
    bucket.calls++;
    if (!failed) return;
    bucket.failures++;
    let [calls, failures] = [0, 0];
    for (const each of buckets) {
      if (each.second <= second - 10) continue;
      calls += each.calls;
      failures += each.failures;
    }
    if (calls >= 20 && failures * 2 >= calls) until = now + 5_000;
  }
  const answered = (response: Res): Res => {
    count(false);
    return response;
  };
  const failed = (reason: unknown): never => {
    count(true);
    throw reason;
  };
  return (request, options) => {
    if (until > 0 && performance.now() < until) return Promise.reject(new Error("open"));
    return work(request, options).then(answered, failed);
  };
}
