import { type Call, type Library, load, type Work } from "../library.ts";

interface Bulkhead {
  readonly concurrentBuffer: readonly unknown[];
  readonly queueBuffer: readonly unknown[];
  concurrentSize: number;
}
interface Mollitia {
  readonly Circuit: new (options: object) => { execute: (work: Work) => Promise<unknown> };
  readonly Bulkhead: new (options: object) => Bulkhead;
  readonly Ratelimit: new (options: object) => object;
  readonly Retry: new (options: object) => object;
  readonly Timeout: new (options: object) => object;
  readonly SlidingCountBreaker: new (options: object) => object;
}

const the = (): Promise<Mollitia> => load("mollitia");

async function circuit(modules: (all: Mollitia) => readonly object[]): Promise<Call> {
  const all = await the();
  const made = new all.Circuit({ func: (work: Work) => work({}), options: { modules: modules(all) } });
  return (work) => made.execute(work);
}

const bulkhead = ({ Bulkhead }: Mollitia, concurrentSize: number, queueSize = 1e9): Bulkhead =>
  new Bulkhead({ concurrentSize, queueSize });

export const mollitia: Library = {
  name: "mollitia",
  settings: '`Bulkhead`, `Timeout`, `Ratelimit`, `Retry` with `mode: "jitter"`, `SlidingCountBreaker`',
  signals: false,
  limit: (max) => circuit((all) => [bulkhead(all, max)]),
  refusing: (max) => circuit((all) => [bulkhead(all, max, 0)]),
  bounded: (max, queue) => circuit((all) => [bulkhead(all, max, queue)]),
  async counted(max) {
    const limit = bulkhead(await the(), max);
    return {
      call: await circuit(() => [limit]),
      active: () => limit.concurrentBuffer.length,
      waiting: () => limit.queueBuffer.length,
    };
  },
  timeout: (delay) => circuit(({ Timeout }) => [new Timeout({ delay })]),
  timeoutAroundLimit: (delay, max) => circuit((all) => [new all.Timeout({ delay }), bulkhead(all, max)]),
  timeoutInLimit: (delay, max) => circuit((all) => [bulkhead(all, max), new all.Timeout({ delay })]),
  retry: ({ retries, base, max }) =>
    circuit(({ Retry }) => [new Retry({ attempts: retries, interval: base, maxInterval: max, mode: "jitter" })]),
  rate: (limitForPeriod, limitPeriod) => circuit(({ Ratelimit }) => [new Ratelimit({ limitForPeriod, limitPeriod })]),
  breaker: ({ failures, reset }) =>
    circuit(({ SlidingCountBreaker }) => [
      new SlidingCountBreaker({
        slidingWindowSize: failures,
        minimumNumberOfCalls: failures,
        openStateDelay: reset,
        halfOpenStateMaxDelay: reset,
        permittedNumberOfCallsInHalfOpenState: 1,
      }),
    ]),
};
