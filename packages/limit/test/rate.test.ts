import { type Clock, gate as gateLayer, isPermitSpentError, type Lease } from "@sluice/core";
import { callLayer } from "@sluice/core/kit";
import { collectGarbage, excess, rooms } from "@sluice/test-kit";
import { mockService, VirtualClock } from "@sluice/testing";
import * as fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { FixedWindow, SlidingWindow, TokenBucket } from "../src/index.ts";
import { type AnyRate, rates } from "./helper/rates.ts";

/** A lease of `gate`, which must have one. */
function leaseOf(gate: AnyRate): Lease {
  const lease = gate.tryAcquire();
  if (lease === undefined) throw new Error("There is no room.");
  return lease;
}

const done = { status: "fulfilled", value: undefined } as const;

/** Takes a permit and starts at once, where there is room. */
function start(gate: AnyRate): boolean {
  const lease = gate.tryAcquire();
  lease?.start?.("x", {});
  lease?.finish(done);
  return lease !== undefined;
}

describe.each(rates)("%s", (algorithm, make) => {
  test("keeps its bound at times that are not whole, permits held and started late included", async () => {
    const time = fc.double({ min: 0.001, max: 40, noNaN: true });
    const step = fc.record({ ms: time, reserve: fc.nat(4), use: fc.nat(4), cancel: fc.nat(1) });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 7 }),
        fc.double({ min: 1, max: 50, noNaN: true }),
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.array(step, { maxLength: 80 }),
        async (limit, interval, epoch, steps) => {
          const clock = new VirtualClock(epoch);
          const gate = make({ limit, interval, clock });
          const starts: number[] = [];
          const held: Lease[] = [];
          for (const { ms, reserve, use, cancel } of steps) {
            for (let count = 0; count < reserve; count++) void gate.acquire().then((lease) => held.push(lease));
            for (const lease of held.splice(0, cancel)) lease.cancel();
            for (const lease of held.splice(0, use)) {
              starts.push(clock.now());
              lease.start?.("x", {});
              lease.finish(done);
            }
            await clock.advance(ms);
          }
          // Times of a million are themselves rounded, by 10^-10.
          expect(excess(algorithm, starts, { limit, interval, burst: limit })).toBeLessThan(1e-6);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("lets those who wait start as soon as they may, and none is left behind", async () => {
    const shape = fc.record({
      limit: fc.integer({ min: 1, max: 7 }),
      interval: fc.double({ min: 1, max: 50, noNaN: true }),
      epoch: fc.double({ min: 0, max: 60, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(shape, async ({ limit, interval, epoch }) => {
        const clock = new VirtualClock(epoch);
        let timers = 0;
        const counting: Clock = {
          now: () => clock.now(),
          setTimeout: (run, ms) => {
            timers++;
            return clock.setTimeout(run, ms);
          },
          clearTimeout: (handle) => {
            clock.clearTimeout(handle);
          },
        };
        const gate = make({ limit, interval, clock: counting });
        const starts: number[] = [];
        const callers = 3 * limit + 1;
        for (let count = 0; count < callers; count++) {
          void gate.acquire().then((lease) => {
            starts.push(clock.now() - epoch);
            lease.start?.("x", {});
            lease.finish(done);
          });
        }
        await clock.advanceAsync(3 * interval + 1e-6);
        const evenly = (nth: number): number => Math.max(0, ((nth - limit + 1) * interval) / limit);
        const bunched = (nth: number): number => Math.floor(nth / limit) * interval;
        const due = algorithm === "token-bucket" ? evenly : bunched;
        expect(starts).toHaveLength(callers);
        for (const [nth, at] of starts.entries()) expect(at).toBeCloseTo(due(nth), 6);
        // A timer that fires is believed: no second one because the clock says it is a hair's breadth early.
        expect(timers).toBe(algorithm === "token-bucket" ? callers - limit : 3);
      }),
      { numRuns: 100 },
    );
  });

  describe("promise 13: time is a seam", () => {
    /** A clock whose timers fire early, by its own `now()`. */
    const early = (by: number): { clock: VirtualClock; skewed: Clock } => {
      const clock = new VirtualClock();
      const skewed: Clock = {
        now: () => clock.now(),
        setTimeout: (run, ms) => clock.setTimeout(run, ms - by),
        clearTimeout: (handle) => {
          clock.clearTimeout(handle);
        },
      };
      return { clock, skewed };
    };

    test("a timer that fires early is believed, and what starts then counts from when it was due", async () => {
      const { clock, skewed } = early(0.5);
      const gate = make({ limit: 1, interval: 10, clock: skewed });
      start(gate);
      const starts: number[] = [];
      void gate.acquire().then((lease) => {
        starts.push(clock.now());
        lease.start?.("x", {});
      });
      await clock.advance(9.5);
      expect(starts).toEqual([9.5]);
      expect(gate.retryAfter()).toBe(10);
      await clock.advance(10);
      expect(start(gate)).toBe(false);
      await clock.advance(0.5);
      expect(start(gate)).toBe(true);
    });

    test("timers that fire early do not add up to a higher rate", async () => {
      const { clock, skewed } = early(0.5);
      const gate = make({ limit: 1, interval: 10, clock: skewed });
      let starts = 0;
      for (let count = 0; count < 200; count++) {
        void gate.acquire().then((lease) => {
          starts++;
          lease.start?.("x", {});
        });
      }
      await clock.advanceAsync(1_000);
      expect(starts).toBe(101);
    });

    test("a clock that jumps forwards while somebody waits lets nobody in twice", async () => {
      const clock = new VirtualClock();
      const gate = make({ limit: 2, interval: 100, clock });
      start(gate);
      start(gate);
      const letIn: number[] = [];
      for (const name of [1, 2, 3]) {
        void gate.acquire().then((lease) => {
          letIn.push(name);
          lease.start?.("x", {});
        });
      }
      clock.jump(5_000);
      expect(gate.tryAcquire()).toBeUndefined();
      await clock.advance(100);
      expect(letIn.slice(0, 2)).toEqual([1, 2]);
      // Two started now, after the jump; or, from a bucket that filled meanwhile, still two.
      expect(letIn).toHaveLength(2);
    });

    test("a clock that is set back while nobody looks makes those who ask wait as long as it went, and no longer", async () => {
      const clock = new VirtualClock(1_000);
      const gate = make({ limit: 1, interval: 100, clock });
      start(gate);
      clock.jump(-50);
      await clock.advance(149);
      expect(start(gate)).toBe(false);
      await clock.advance(1);
      expect(start(gate)).toBe(true);
    });

    test("a clock that is set back by an hour holds up nobody, neither those in line nor those who come", async () => {
      const clock = new VirtualClock(3_600_000);
      const gate = make({ limit: 1, interval: 100, clock });
      const letIn: number[] = [];
      start(gate);
      for (const name of [1, 2, 3]) {
        void gate.acquire().then((lease) => {
          letIn.push(name);
          lease.start?.("x", {});
        });
      }
      await clock.advance(50);
      clock.jump(-3_600_000);
      for (const waiting of [[], [1], [1, 2], [1, 2, 3]]) {
        expect(letIn).toEqual(waiting);
        await clock.advance(100);
      }
      expect(letIn).toEqual([1, 2, 3]);
      // It is noticed when somebody looks, and from then on time goes on.
      clock.jump(-1_000_000);
      expect(start(gate)).toBe(false);
      await clock.advance(100);
      expect([start(gate), start(gate)]).toEqual([true, false]);
      await clock.advance(100);
      expect(start(gate)).toBe(true);
    });

    test("a deadline is a time of the clock, also once that was set back", async () => {
      const clock = new VirtualClock(3_600_000);
      const gate = make({ limit: 1, interval: 100, clock });
      start(gate);
      clock.jump(-3_600_000);
      await expect(gate.acquire({ deadline: clock.now() + 99 })).rejects.toMatchObject({ retryAfter: 100 });
      const granted = gate.acquire({ deadline: clock.now() + 100 });
      await clock.advance(100);
      (await granted).cancel();
    });

    test("a deadline further off than a timer can be set is refused by the time that the clock says now", async () => {
      const clock = new VirtualClock(3_600_000);
      const gate = make({ limit: 1, interval: 100, clock });
      start(gate);
      clock.jump(-3_600_000);
      await expect(gate.acquire({ deadline: 2 ** 31 })).rejects.toThrow(
        /^rateLimit: deadline must be .* it is now 0; received 2147483648$/,
      );
      expect(gate.waiting).toBe(0);
      const granted = gate.acquire({ deadline: 2 ** 31 - 1 });
      await clock.advance(100);
      (await granted).cancel();
    });

    test("a caller in line is heard when it gives up, also once the clock was set back", async () => {
      const clock = new VirtualClock(3_600_000);
      const gate = make({ limit: 1, interval: 100, clock });
      start(gate);
      clock.jump(-3_600_000);
      const caller = new AbortController();
      const waiting = gate.acquire({ signal: caller.signal });
      caller.abort("gone");
      await expect(waiting).rejects.toBe("gone");
      expect(gate.waiting).toBe(0);
    });

    test("time that was seen is not taken back by a timer that goes by another", async () => {
      const clock = new VirtualClock();
      const gate = make({ limit: 1, interval: 100, clock });
      start(gate);
      const waiting = gate.acquire();
      clock.jump(500);
      expect(gate.active).toBe(0);
      expect(gate.available).toBe(1);
      clock.jump(-500);
      await clock.advance(100);
      (await waiting).start?.("x", {});
      clock.jump(50);
      expect(start(gate)).toBe(false);
      await clock.advance(50);
      expect(start(gate)).toBe(true);
    });

    test("an interval longer than the rest of the longest timer is waited for", async () => {
      const clock = new VirtualClock();
      const gate = make({ limit: 1, interval: 2 ** 31 - 1, clock });
      start(gate);
      const second = gate.acquire();
      let third = false;
      void gate.acquire().then(() => (third = true));
      await clock.advance(2 ** 31 - 1);
      (await second).start?.("x", {});
      expect(clock.pending).toBe(1);
      await clock.advance(2 ** 31 - 2);
      expect(third).toBe(false);
      await clock.advance(1);
      expect(third).toBe(true);
    });
  });

  describe("a lease", () => {
    test("that is given back twice, or after its start, changes nothing", () => {
      const gate = make({ limit: 2, interval: 100, clock: new VirtualClock() });
      const lease = leaseOf(gate);
      lease.cancel();
      lease.cancel();
      lease.start?.("x", {});
      expect(gate).toMatchObject({ active: 0, available: 2 });
      const used = leaseOf(gate);
      used.start?.("x", {});
      used.start?.("x", {});
      used.cancel();
      used.finish(done);
      expect(gate).toMatchObject({ active: 0, available: 1 });
    });

    test("that is finished without a word of its start has started", () => {
      const gate = make({ limit: 2, interval: 100, clock: new VirtualClock() });
      leaseOf(gate).finish(done);
      expect(gate).toMatchObject({ active: 0, available: 1 });
    });
  });

  test("a signal that is aborted already is refused at once, though there is room", async () => {
    const gate = make({ limit: 1, interval: 100, clock: new VirtualClock() });
    await expect(gate.acquire({ signal: AbortSignal.abort("gone") })).rejects.toBe("gone");
    expect(gate).toMatchObject({ active: 0, waiting: 0, available: 1 });
  });

  test("the largest limit lets in without end, and has allocated nothing for it", () => {
    const gate = make({ limit: Number.MAX_SAFE_INTEGER, interval: 1, clock: new VirtualClock() });
    for (let count = 0; count < 1_000; count++) expect(start(gate)).toBe(true);
    expect(gate.available).toBe(Number.MAX_SAFE_INTEGER - 1_000);
  });

  test("what is held is not available, also where the clock cannot tell the time that one start takes", () => {
    const gate = make({ limit: 1e15, interval: 1, clock: new VirtualClock(1e6) });
    for (let count = 0; count < 5; count++) leaseOf(gate);
    expect(gate.available).toBe(1e15 - 5);
  });

  test("it is not idle while a caller waits, though by the clock it could start and only the timer is late", async () => {
    const clock = new VirtualClock();
    const gate = make({ limit: 1, interval: 100, clock });
    start(gate);
    const waiting = gate.acquire();
    clock.jump(100);
    expect(gate).toMatchObject({ available: 1, idle: false });
    await clock.advance(100);
    (await waiting).cancel();
    expect(gate.idle).toBe(true);
  });

  test.each([10, 100])("however many have started, it remembers only the %d that count", (limit) => {
    let time = 0;
    const clock: Clock = { now: () => time, setTimeout: () => undefined, clearTimeout: () => {} };
    const gate = make({ limit, interval: limit, clock });
    const heap = (): number => {
      collectGarbage();
      return process.memoryUsage().heapUsed;
    };
    const before = heap();
    for (; time < 500_000; time++) if (!start(gate)) throw new Error(`no room at ${time}`);
    // Half a million numbers are 4 MB.
    expect(heap() - before).toBeLessThan(1_000_000);
    expect(gate.active).toBe(0);
  });

  test("it is named by its class where it refuses an option", () => {
    expect(() => make({ limit: 0, interval: 1 })).toThrow(
      new RegExp(`^${make({ limit: 1, interval: 1 }).constructor.name}: limit `),
    );
  });

  test("it reads the system's clock where it is given none", () => {
    const gate = make({ limit: 1, interval: 1_000_000 });
    expect(start(gate)).toBe(true);
    expect(start(gate)).toBe(false);
    expect(gate.retryAfter()).toBeGreaterThan(900_000);
  });
});

describe("at the edges", () => {
  test("a sliding window lets a start in exactly an interval after the one that it follows", async () => {
    const clock = new VirtualClock();
    const gate = new SlidingWindow({ limit: 2, interval: 100, clock });
    start(gate);
    await clock.advance(99);
    start(gate);
    expect(start(gate)).toBe(false);
    await clock.advance(1);
    expect(start(gate)).toBe(true);
    expect(start(gate)).toBe(false);
    await clock.advance(98);
    expect(start(gate)).toBe(false);
    await clock.advance(1);
    expect(start(gate)).toBe(true);
  });

  test("a fixed window lets up to twice its limit through across an edge", async () => {
    const clock = new VirtualClock();
    const gate = new FixedWindow({ limit: 10, interval: 100, clock });
    start(gate);
    await clock.advance(99);
    for (let count = 0; count < 9; count++) expect(start(gate)).toBe(true);
    expect(start(gate)).toBe(false);
    await clock.advance(1);
    for (let count = 0; count < 10; count++) expect(start(gate)).toBe(true);
    expect(start(gate)).toBe(false);
  });

  test("a fixed window owes nothing to the one before it, whose end is its first moment", async () => {
    const clock = new VirtualClock();
    const gate = new FixedWindow({ limit: 2, interval: 100, clock });
    start(gate);
    await clock.advance(100);
    expect(gate.available).toBe(2);
    const reserved = [gate.tryAcquire(), gate.tryAcquire(), gate.tryAcquire()];
    expect(reserved.map((lease) => lease !== undefined)).toEqual([true, true, false]);
  });

  test("a token bucket gains one token every interval / limit, exactly also where that is a fraction", async () => {
    const clock = new VirtualClock();
    const gate = new TokenBucket({ limit: 3, interval: 100, burst: 1, clock });
    let starts = 0;
    for (let ms = 0; ms < 3_000; ms++) {
      if (start(gate)) starts++;
      expect(starts).toBe(Math.min(starts, 1 + Math.floor((3 * ms) / 100)));
      await clock.advance(1);
    }
    // A caller who asks every millisecond finds it within one of when it was gained: 34 ms each.
    expect(starts).toBe(89);
    const next = gate.acquire();
    await clock.advance(gate.retryAfter());
    expect(await next).toBeDefined();
  });

  test("a token bucket gains its token no digit sooner and no digit later", () => {
    // Multiplied and divided again, these times come out on one side of the edge or the other.
    for (const [limit, interval] of [
      [7, 23],
      [7, 37],
      [3, 4],
      [3, 5],
    ] as const) {
      let time = 0;
      const clock: Clock = { now: () => time, setTimeout() {}, clearTimeout() {} };
      const gate = new TokenBucket({ limit, interval, burst: 2, clock });
      expect([start(gate), start(gate), start(gate)]).toEqual([true, true, false]);
      for (let token = 1; token < 5 * limit; token++) {
        const due = (token * interval) / limit;
        time = due - (due * Number.EPSILON) / 2;
        expect(time).toBeLessThan(due);
        expect(start(gate)).toBe(false);
        time = due;
        expect(start(gate)).toBe(true);
      }
    }
  });

  test("a sliding window remembers each start until it has left, and none twice", async () => {
    const steps = fc.array(fc.record({ ms: fc.nat(4), calls: fc.nat(9) }), { minLength: 5, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 9, max: 40 }), steps, async (limit, schedule) => {
        const clock = new VirtualClock();
        const rules = { limit, interval: 10, burst: limit };
        const gate = new SlidingWindow({ limit, interval: rules.interval, clock });
        const begun: number[] = [];
        for (const { ms, calls } of schedule) {
          await clock.advance(ms);
          for (let count = 0; count < calls; count++) if (start(gate)) begun.push(clock.now());
          expect(gate.available).toBe(rooms["sliding-window"](rules, begun, clock.now()));
        }
        expect(excess("sliding-window", begun, rules)).toBe(0);
      }),
      { numRuns: 100 },
    );
  });

  test("a token bucket lets a burst above the limit in at once, and never holds more", async () => {
    const clock = new VirtualClock();
    const gate = new TokenBucket({ limit: 2, interval: 100, burst: 5, clock });
    const startAll = (): number => {
      let started = 0;
      while (start(gate)) started++;
      return started;
    };
    expect(startAll()).toBe(5);
    await clock.advance(100);
    expect(startAll()).toBe(2);
    await clock.advance(249);
    expect(startAll()).toBe(4);
    await clock.advance(1);
    expect(startAll()).toBe(1);
    await clock.advance(10_000);
    expect(startAll()).toBe(5);
  });
});

describe("when the call of a reservation starts", () => {
  test("and the clock throws, the call is refused with that, and what was reserved inside is given back", async () => {
    const clock = new VirtualClock();
    const [inner, handle] = mockService<string, string>();
    const rate = new TokenBucket({ limit: 1, interval: 1_000, clock });
    const permit = gateLayer(rate, { name: "rate" }).wrap(inner).tryReady("a")!;
    const broken = new Error("no time");
    const now = vi.spyOn(clock, "now").mockImplementation(() => {
      throw broken;
    });
    await expect(permit.call("a")).rejects.toBe(broken);
    now.mockRestore();
    expect(handle).toMatchObject({ calls: 0, reserved: 0, released: 1 });
    expect(rate.active).toBe(0);
  });

  test("a layer outside that starts it twice reaches nobody with the second call", async () => {
    const [inner, handle] = mockService<string, string>();
    const rate = new TokenBucket({ limit: 5, interval: 1_000, clock: new VirtualClock() });
    let second: Promise<unknown> | undefined;
    const twice = callLayer("twice", (inside, request, options) => {
      const answer = inside.start(request, options);
      second = inside.start(request, options);
      return answer;
    });
    void twice.wrap(gateLayer(rate, { name: "rate" }).wrap(inner)).call("a");
    await expect(second).rejects.toSatisfy(isPermitSpentError);
    expect(handle.calls).toBe(1);
    expect([rate.active, rate.available]).toEqual([0, 4]);
  });
});
