import { type Call, type Library, load, type Work } from "../library.ts";

interface Breaker {
  fire(work: Work): Promise<unknown>;
  getSignal(): AbortSignal | undefined;
}
type Opossum = new (action: (work: Work) => Promise<unknown>, options: object) => Breaker;

async function breaker(options: object): Promise<Call> {
  const { default: CircuitBreaker } = await load<{ default: Opossum }>("opossum");
  const made: Breaker = new CircuitBreaker((work) => work({ signal: made.getSignal() }), {
    // The breaker must not open: that is another question.
    errorThresholdPercentage: 100,
    volumeThreshold: 1e9,
    autoRenewAbortController: true,
    ...options,
  });
  return (work) => made.fire(work);
}

export const opossum: Library = {
  name: "opossum",
  settings: "`timeout`, `capacity`, `autoRenewAbortController: true`",
  signals: false,
  refusing: (capacity) => breaker({ timeout: false, capacity }),
  timeout: (ms) => breaker({ timeout: ms }),
  timeoutInLimit: (ms, max) => breaker({ timeout: ms, capacity: max }),
  breaker: ({ failures, reset }) =>
    breaker({ timeout: reset, resetTimeout: reset, errorThresholdPercentage: 50, volumeThreshold: failures }),
};
