import { AsyncLocalStorage } from "node:async_hooks";
import { serviceFn } from "@sluice/core";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import { collectGarbage, turn } from "@sluice/test-kit";
import { VirtualClock } from "@sluice/testing";
import { timeout } from "@sluice/timeout";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { eachLayer } from "./helper/each-layer.ts";
import { stacked } from "./helper/stacked.ts";
import { Workshop } from "./helper/workshop.ts";

/*
 * Timers run in the async context in which they were armed, and keep it alive until then. A layer whose timer is armed again whenever it
 * fires must not keep the context of its first caller, with everything that it refers to, for as long as there is traffic.
 */

interface Armed {
  readonly due: number;
  readonly run: () => void;
}

/** Looks like the timers and the time of the process, but is moved by the test. */
class ProcessTimers {
  now = 0;
  readonly armed: Set<Armed> = new Set();

  install(): void {
    const setTimeout = (run: () => void, ms: number): Armed => {
      // As Node.js does.
      const inContext = AsyncLocalStorage.snapshot();
      const timer = { due: this.now + ms, run: () => inContext(run) };
      this.armed.add(timer);
      return timer;
    };
    Object.defineProperty(setTimeout, Symbol.for("nodejs.util.promisify.custom"), {});
    vi.stubGlobal("setTimeout", setTimeout);
    vi.stubGlobal("clearTimeout", (timer: Armed) => this.armed.delete(timer));
    vi.stubGlobal("performance", { now: () => this.now });
  }

  async advance(ms: number): Promise<void> {
    this.now += ms;
    for (const timer of this.armed) {
      if (timer.due > this.now) continue;
      this.armed.delete(timer);
      timer.run();
    }
    await turn();
  }
}

let timers: ProcessTimers;
beforeEach(() => {
  timers = new ProcessTimers();
  timers.install();
});
afterEach(() => {
  vi.unstubAllGlobals();
});

const layers = {
  timeout: () => [timeout(100)],
  "loadShed that waits": () => [loadShed({ wait: 100 }), concurrencyLimit(0)],
  rateLimit: () => [rateLimit({ limit: 1, interval: 10 })],
};

describe.each(Object.entries(layers))("under steady load, %s", (_name, make) => {
  test("keeps nothing of its first caller", async () => {
    const storage = new AsyncLocalStorage<object>();
    const never = serviceFn(() => new Promise<string>(() => {}));
    const service = stacked(make(), never);
    const call = (): void => {
      service.call("x").catch(() => {});
    };
    let first: WeakRef<object>;
    // Separate functions, so that no reference stays on the stack.
    (() => {
      const request = { headers: "large" };
      first = new WeakRef(request);
      storage.run(request, () => {
        call();
        call();
      });
    })();
    await turn();
    for (let round = 0; round < 30; round++) {
      storage.run({ round }, call);
      await timers.advance(10);
      // There is always a caller for whom a timer is armed.
      expect(timers.armed.size).toBe(1);
    }
    collectGarbage();
    await turn();
    collectGarbage();
    expect(first!.deref()).toBeUndefined();
  });
});

describe.each(Object.entries(eachLayer))("when all is done, %s", (_name, make) => {
  test("keeps nothing of its last caller", async () => {
    vi.unstubAllGlobals();
    const storage = new AsyncLocalStorage<object>();
    const clock = new VirtualClock();
    const workshop = new Workshop();
    const service = stacked([make(clock), concurrencyLimit(1)], workshop.service);
    const last = (() => {
      const request = { headers: "large" };
      const { signal } = new AbortController();
      // The second waits for the first.
      for (let call = 0; call < 2; call++) {
        storage.run(request, () => void service.call("x", { signal, deadline: 1_000 }).catch(() => {}));
      }
      return new WeakRef(request);
    })();
    for (let round = 0; round < 3; round++) {
      await clock.advanceAsync(0);
      workshop.running[0]?.finish();
    }
    await turn();
    collectGarbage();
    await turn();
    collectGarbage();
    expect(last.deref()).toBeUndefined();
  });
});
