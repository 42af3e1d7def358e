import { type Call, type Library, load, type Work } from "../library.ts";

interface Policy {
  readonly execute: (work: Work, signal?: AbortSignal) => Promise<unknown>;
}
interface Bulkhead extends Policy {
  readonly executionSlots: number;
  readonly queueSlots: number;
}
interface Cockatiel {
  readonly handleAll: object;
  readonly TimeoutStrategy: { readonly Aggressive: string };
  readonly ExponentialBackoff: new (options: object) => object;
  readonly ConsecutiveBreaker: new (failures: number) => object;
  readonly bulkhead: (max: number, queue: number) => Bulkhead;
  readonly retry: (handled: object, options: object) => Policy;
  readonly timeout: (ms: number, strategy: string) => Policy;
  readonly circuitBreaker: (handled: object, options: object) => Policy;
  readonly wrap: (...policies: Policy[]) => Policy;
}

const the = (): Promise<Cockatiel> => load("cockatiel");
const callOf =
  (policy: Policy): Call =>
  (work, signal) =>
    policy.execute(work, signal);
/** A large number that still allows exact subtraction. */
const endless = 1e9;
const timeout = ({ timeout: make, TimeoutStrategy }: Cockatiel, ms: number): Policy =>
  make(ms, TimeoutStrategy.Aggressive);

export const cockatiel: Library = {
  name: "cockatiel",
  settings: "`bulkhead`, `timeout(ms, Aggressive)`, `retry` with `ExponentialBackoff` and its default jitter",
  signals: true,
  limit: async (max) => callOf((await the()).bulkhead(max, endless)),
  refusing: async (max) => callOf((await the()).bulkhead(max, 0)),
  bounded: async (max, queue) => callOf((await the()).bulkhead(max, queue)),
  async counted(max) {
    const bulkhead = (await the()).bulkhead(max, endless);
    return {
      call: callOf(bulkhead),
      active: () => max - bulkhead.executionSlots,
      waiting: () => endless - bulkhead.queueSlots,
    };
  },
  timeout: async (ms) => callOf(timeout(await the(), ms)),
  async timeoutAroundLimit(ms, max) {
    const all = await the();
    return callOf(all.wrap(timeout(all, ms), all.bulkhead(max, endless)));
  },
  async timeoutInLimit(ms, max) {
    const all = await the();
    return callOf(all.wrap(all.bulkhead(max, endless), timeout(all, ms)));
  },
  async retry({ retries, base, max }) {
    const { retry, handleAll, ExponentialBackoff } = await the();
    const backoff = new ExponentialBackoff({ initialDelay: base, maxDelay: max });
    return callOf(retry(handleAll, { maxAttempts: retries, backoff }));
  },
  async breaker({ failures, reset }) {
    const { circuitBreaker, handleAll, ConsecutiveBreaker } = await the();
    return callOf(circuitBreaker(handleAll, { halfOpenAfter: reset, breaker: new ConsecutiveBreaker(failures) }));
  },
};
