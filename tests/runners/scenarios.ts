import assert from "node:assert/strict";
import { ServiceBuilder, type Service } from "@sluice/core";
import { loadShed } from "@sluice/load-shed";
import { exponentialBackoff, retry, retryBudget, retryPolicy } from "@sluice/retry";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { timeout } from "@sluice/timeout";

/** The fake timers of a test runner, unmodified: our packages are not told of them. */
export interface FakeTimers {
  /** Replaces the process's timers. */
  install(): void;
  /** Moves time on. */
  advance(ms: number): void;
  /** Clears all armed timers. Undefined where the runner cannot. */
  readonly clear?: (() => void) | undefined;
  /** Puts the process's timers back. */
  uninstall(): void;
}

/** Runs all microtasks, which fake timers do not block. */
async function settle(): Promise<void> {
  for (let microtasks = 0; microtasks < 200; microtasks++) await Promise.resolve();
}

/** The state of a promise. */
function watch(promise: Promise<unknown>): { state: "pending" | "fulfilled" | "rejected" } {
  const seen: ReturnType<typeof watch> = { state: "pending" };
  promise.then(
    () => (seen.state = "fulfilled"),
    () => (seen.state = "rejected"),
  );
  return seen;
}

const never = (): Promise<string> => new Promise(() => {});

/** Calls that start immediately, and their times by the test's count. */
function counted(timers: FakeTimers, layer: Parameters<ServiceBuilder["layer"]>[0]) {
  let now = 0;
  const starts: string[] = [];
  const service: Service<string, string> = new ServiceBuilder().layer(layer).serviceFn((name: string) => {
    starts.push(`${name} at ${now}`);
    return name;
  });
  const advance = async (ms: number): Promise<void> => {
    timers.advance(ms);
    now += ms;
    await settle();
  };
  return { starts, service, advance };
}

/**
 * The expectations of users of fake timers, by name. The timers are installed before each, and uninstalled after it. All times are long
 * beside the real time that a busy machine takes for the test: some fake timers do not replace the time.
 */
export const scenarios: Readonly<Record<string, (timers: FakeTimers) => Promise<void>>> = {
  async "calls time out when their time is over, one after the other"(timers) {
    const service = new ServiceBuilder().layer(timeout(10_000)).serviceFn(never);
    const first = watch(service.call("a"));
    timers.advance(6_000);
    await settle();
    const second = watch(service.call("b"));
    const seen: string[] = [];
    for (const ms of [3_900, 100, 5_900, 100]) {
      timers.advance(ms);
      await settle();
      seen.push(`${first.state} ${second.state}`);
    }
    assert.deepEqual(seen, ["pending pending", "rejected pending", "rejected pending", "rejected rejected"]);
  },

  async "a call times out also where time is moved on in the turn of the call"(timers) {
    const service = new ServiceBuilder().layer(timeout(10_000)).serviceFn(never);
    const call = watch(service.call("a"));
    timers.advance(10_000);
    await settle();
    assert.equal(call.state, "rejected");
  },

  async "a rate lets one in each interval, however many there were before"(timers) {
    for (const algorithm of ["sliding-window", "token-bucket", "fixed-window"] as const) {
      const { starts, service, advance } = counted(timers, rateLimit({ limit: 1, interval: 100_000, algorithm }));
      for (const name of ["a", "b", "c", "d", "e"]) void service.call(name);
      await settle();
      for (let round = 0; round < 40; round++) await advance(10_000);
      assert.deepEqual(starts, ["a at 0", "b at 100000", "c at 200000", "d at 300000", "e at 400000"]);
    }
  },

  async "a loadShed that waits gives up when its time is over, each time"(timers) {
    const service = new ServiceBuilder()
      .layer(loadShed({ wait: 5_000 }))
      .layer(concurrencyLimit(0))
      .serviceFn(never);
    for (let round = 0; round < 3; round++) {
      const call = watch(service.call("a"));
      timers.advance(4_900);
      await settle();
      assert.equal(call.state, "pending");
      timers.advance(100);
      await settle();
      assert.equal(call.state, "rejected");
    }
  },

  async "a retry waits for its backoff, each time"(timers) {
    const backoff = exponentialBackoff({ base: 5_000, max: 5_000, jitter: "none" });
    let failures = 0;
    const service = new ServiceBuilder()
      .layer(retry(retryPolicy({ maxRetries: 3, backoff, budget: retryBudget() })))
      .serviceFn(() => {
        failures++;
        throw new Error("no");
      });
    const call = watch(service.call("a"));
    await settle();
    const seen: number[] = [];
    for (const ms of [4_900, 100, 4_900, 100, 5_000]) {
      timers.advance(ms);
      await settle();
      seen.push(failures);
    }
    assert.deepEqual([seen, call.state], [[1, 2, 2, 3, 4], "rejected"]);
  },

  async "timers that a test left behind and cleared hold up nobody in the next"(timers) {
    if (timers.clear === undefined) return;
    const limited = new ServiceBuilder().layer(timeout(10_000)).serviceFn(never);
    const { starts, service, advance } = counted(timers, rateLimit({ limit: 1, interval: 100_000 }));
    void watch(limited.call("left behind"));
    for (const name of ["a", "left behind"]) void service.call(name);
    await settle();
    timers.clear();

    const call = watch(limited.call("b"));
    void service.call("c");
    await settle();
    await advance(9_900);
    assert.equal(call.state, "pending");
    await advance(100);
    assert.equal(call.state, "rejected");
    await advance(90_000);
    await advance(100_000);
    assert.deepEqual(starts, ["a at 0", "left behind at 100000", "c at 200000"]);
  },

  async "timers that were armed before fake ones came, or went, hold up nobody"(timers) {
    const limited = new ServiceBuilder().layer(timeout({ call: 10_000 })).serviceFn(never);
    const { starts, service, advance } = counted(timers, rateLimit({ limit: 1, interval: 100_000 }));
    void watch(limited.call("left behind"));
    for (const name of ["a", "left behind"]) void service.call(name);
    await settle();
    timers.uninstall();
    timers.install();

    const call = watch(limited.call("b"));
    void service.call("c");
    await settle();
    await advance(10_000);
    assert.equal(call.state, "rejected");
    await advance(90_000);
    await advance(100_000);
    assert.equal(starts.at(-1), "c at 200000");
  },
};
