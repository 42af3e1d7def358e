import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

interface Timer {
  readonly owner: string;
  readonly due: number;
  readonly run: () => void;
}

/** Cloudflare Workers, as far as timers go: each belongs to the request in whose turn it was set, and is gone when that ends. */
class Workers {
  now = 1_000;
  private current = "none";
  private readonly timers = new Map<number, Timer>();
  private last = 0;

  readonly performance = { now: (): number => this.now };
  readonly setTimeout = (run: () => void, ms: number): number => {
    this.timers.set(++this.last, { owner: this.current, due: this.now + ms, run });
    return this.last;
  };
  /** Another request's timer is not found there. */
  readonly clearTimeout = (handle: number): void => {
    if (this.timers.get(handle)?.owner === this.current) this.timers.delete(handle);
  };

  /** Runs `work` and the microtasks after it for a request. */
  async in<T>(request: string, work: () => T): Promise<{ readonly value: T }> {
    this.current = request;
    const value = work();
    for (let nth = 0; nth < 50; nth++) await Promise.resolve();
    this.current = "none";
    // In an object, for it may be a promise that is not to be awaited here.
    return { value };
  }

  /** A request has been answered, or its client has left. */
  end(request: string): void {
    for (const [handle, { owner }] of this.timers) if (owner === request) this.timers.delete(handle);
  }

  /** Of a request without any, the runtime says that it hangs. */
  timersOf(request: string): number {
    return [...this.timers.values()].filter(({ owner }) => owner === request).length;
  }

  async advance(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      const [next] = [...this.timers].filter(([, { due }]) => due <= end).sort(([, a], [, b]) => a.due - b.due);
      if (next === undefined) break;
      const [handle, { owner, due, run }] = next;
      this.timers.delete(handle);
      this.now = Math.max(this.now, due);
      await this.in(owner, run);
    }
    this.now = end;
  }
}

/** In place of the timers that are there; modules are loaded before, which takes timers. They pass for the platform's, as they are there. */
const workers = (): Workers => {
  const made = new Workers();
  Object.defineProperties(made.setTimeout, Object.getOwnPropertyDescriptors(setTimeout));
  vi.stubGlobal("setTimeout", made.setTimeout);
  vi.stubGlobal("clearTimeout", made.clearTimeout);
  vi.stubGlobal("performance", made.performance);
  return made;
};

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

describe("in Cloudflare Workers, where a timer ends with its request", () => {
  beforeEach(() => {
    vi.resetModules();
    vi.stubGlobal("navigator", { userAgent: "Cloudflare-Workers" });
  });

  test("who waits in a line for another request has a timer, for without one it would be taken for hung", async () => {
    const { Semaphore } = await import("../src/index.ts");
    const runtime = workers();
    const semaphore = new Semaphore(1);
    const { value: lease } = await runtime.in("a", () => semaphore.tryAcquire());
    const { value: waits } = await runtime.in("b", () => semaphore.acquire());
    expect([runtime.timersOf("a"), runtime.timersOf("b")]).toEqual([0, 1]);
    await runtime.advance(10_000);
    expect(runtime.timersOf("b")).toBe(1);
    await runtime.in("a", () => {
      lease!.cancel();
    });
    (await waits).cancel();
    await runtime.advance(100);
    expect(runtime.timersOf("b")).toBe(0);
    expect([semaphore.active, semaphore.waiting]).toEqual([0, 0]);
  });

  test("who leaves the line has none any more", async () => {
    const { Semaphore } = await import("../src/index.ts");
    const runtime = workers();
    const semaphore = new Semaphore(0);
    const controller = new AbortController();
    const { value: waits } = await runtime.in("a", () =>
      semaphore.acquire({ signal: controller.signal }).catch((reason) => reason),
    );
    await runtime.in("a", () => {
      controller.abort("left");
    });
    expect([await waits, runtime.timersOf("a")]).toEqual(["left", 0]);
  });

  test("an alarm rings although the request that set it has ended, where another one waits", async () => {
    const { Alarm, Line } = await import("../src/kit.ts");
    const { systemClock } = await import("../src/index.ts");
    const runtime = workers();
    const rung: number[] = [];
    const line = new Line<string>(() => {});
    const alarm = new Alarm(systemClock, () => {
      rung.push(runtime.now - 1_000);
      line.grant("granted");
    });
    const { value: waits } = await runtime.in("b", () => line.join({}));
    await runtime.in("a", () => {
      alarm.set(alarm.now() + 120);
    });
    runtime.end("a");
    await runtime.advance(119);
    expect(rung).toEqual([]);
    await runtime.advance(50);
    expect(rung.length).toBe(1);
    expect(rung[0]).toBeLessThanOrEqual(120 + 50);
    expect([await waits, alarm.armed, runtime.timersOf("b")]).toEqual(["granted", false, 0]);
  });

  test("an alarm that was set before another one waits rings at its time, and is forgotten then", async () => {
    const { Alarm, Line } = await import("../src/kit.ts");
    const { systemClock } = await import("../src/index.ts");
    const { sharedAlarms } = await import("../src/kit/request-timers.ts");
    const runtime = workers();
    const line = new Line<string>(() => {});
    const ring = vi.fn<() => void>(() => {
      line.grant("granted");
    });
    const alarm = new Alarm(systemClock, ring);
    await runtime.in("a", () => {
      alarm.set(alarm.now() + 20);
    });
    expect(sharedAlarms.size).toBe(1);
    const { value: waits } = await runtime.in("b", () => line.join({}));
    runtime.end("a");
    await runtime.advance(19);
    expect(ring).not.toHaveBeenCalled();
    await runtime.advance(1);
    expect([ring.mock.calls.length, await waits, sharedAlarms.size]).toEqual([1, "granted", 0]);
  });

  test("an alarm on a clock of its own is left to that clock", async () => {
    const { Alarm } = await import("../src/kit.ts");
    const { sharedAlarms } = await import("../src/kit/request-timers.ts");
    new Alarm({ now: () => 0, setTimeout: () => 1, clearTimeout() {} }, () => {}).set(5);
    expect(sharedAlarms.size).toBe(0);
  });

  test("an alarm whose own timer is there rings once", async () => {
    const { Alarm, Line } = await import("../src/kit.ts");
    const { systemClock } = await import("../src/index.ts");
    const runtime = workers();
    const ring = vi.fn<(now: number) => void>();
    const line = new Line<string>(() => {});
    const alarm = new Alarm(systemClock, ring);
    const controller = new AbortController();
    const { value: waits } = await runtime.in("b", () => line.join({ signal: controller.signal }).catch(() => "left"));
    await runtime.in("a", () => {
      alarm.set(alarm.now() + 120);
    });
    await runtime.advance(500);
    expect(ring).toHaveBeenCalledTimes(1);
    await runtime.in("b", () => {
      controller.abort();
    });
    expect(await waits).toBe("left");
  });

  test("each deadline has a timer of its own", async () => {
    const { Deadline, Deadlines } = await import("../src/kit.ts");
    const { systemClock } = await import("../src/index.ts");
    const runtime = workers();
    class Attempt extends Deadline {
      due = systemClock.now() + 100;
      readonly expire = vi.fn<() => void>();
    }
    const deadlines = new Deadlines(systemClock);
    const [first, second] = [new Attempt(), new Attempt()];
    await runtime.in("a", () => {
      deadlines.add(first);
    });
    await runtime.in("b", () => {
      deadlines.add(second);
    });
    runtime.end("a");
    await runtime.advance(100);
    expect([first.expire, second.expire].map(({ mock }) => mock.calls.length)).toEqual([0, 1]);
  });
});

describe("elsewhere", () => {
  test.each([undefined, {}, { userAgent: "Node.js/24" }])("a request is not kept by a timer: %j", async (navigator) => {
    vi.resetModules();
    vi.stubGlobal("navigator", navigator);
    const { keepRequest } = await import("../src/kit.ts");
    expect(keepRequest()).toBe(undefined);
  });

  test("alarms are not kept, however many were set", async () => {
    vi.resetModules();
    const { Alarm } = await import("../src/kit.ts");
    const { systemClock } = await import("../src/index.ts");
    const { sharedAlarms } = await import("../src/kit/request-timers.ts");
    const alarm = new Alarm(systemClock, () => {});
    alarm.set(alarm.now() + 10_000);
    alarm.clear();
    expect(sharedAlarms.size).toBe(0);
  });
});
