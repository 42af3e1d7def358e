import { turn } from "@sluice/test-kit";
import { describe, expect, test, vi } from "vitest";
import { systemClock } from "../src/index.ts";
import { Alarm, longestTimer } from "../src/kit.ts";
import { VirtualClock } from "./helper/virtual-clock.ts";

function setUp() {
  const clock = new VirtualClock();
  const rung: number[] = [];
  const alarm = new Alarm(clock, (now) => {
    rung.push(now);
  });
  return { clock, rung, alarm };
}

describe("promise 13: an alarm", () => {
  test("rings at the time it was set for, once, and is armed only until then", () => {
    const { clock, rung, alarm } = setUp();
    expect(alarm.armed).toBe(false);
    alarm.set(10);
    expect(alarm.armed).toBe(true);
    clock.advance(9);
    expect(rung).toEqual([]);
    clock.advance(1);
    expect(rung).toEqual([10]);
    expect(alarm.armed).toBe(false);
    clock.advance(100);
    expect(rung).toEqual([10]);
    expect(clock.armed).toBe(0);
  });

  test("tells who looks how many milliseconds are left, and rings then where its timer is late", () => {
    const { clock, rung, alarm } = setUp();
    expect(alarm.look()).toBe(Number.POSITIVE_INFINITY);
    clock.advance(5);
    alarm.set(15);
    expect(alarm.look()).toBe(10);
    const late = vi.spyOn(clock, "now").mockReturnValue(15);
    expect(alarm.look()).toBe(Number.POSITIVE_INFINITY);
    late.mockRestore();
    expect(rung).toEqual([15]);
    clock.advance(100);
    expect(rung).toEqual([15]);
    expect(clock.armed).toBe(0);
  });

  test("is believed when its timer fires early: the time is then what was due", () => {
    const { clock, rung, alarm } = setUp();
    alarm.set(10);
    clock.advance(9.6);
    clock.fireEarly();
    expect(rung).toEqual([10]);
  });

  test("is believed to the last digit: from now until due, and now, may add up to less than due", () => {
    const { clock, rung, alarm } = setUp();
    const now = 3.133830542002052;
    const due = 100.15882506555344;
    expect(now + (due - now)).toBeLessThan(due);
    clock.advance(now);
    alarm.set(due);
    clock.fireEarly();
    expect(rung).toEqual([due]);
  });

  test("gives the clock's time when its timer fires late", () => {
    const clock = new VirtualClock();
    const rung: number[] = [];
    let late = 0;
    const alarm = new Alarm(
      { now: () => clock.now() + late, setTimeout: clock.setTimeout.bind(clock), clearTimeout() {} },
      (now) => {
        rung.push(now);
      },
    );
    alarm.set(10);
    late = 5;
    clock.advance(10);
    expect(rung).toEqual([15]);
  });

  test("rings as soon as it can when the time has passed already", () => {
    const { clock, rung, alarm } = setUp();
    clock.advance(50);
    alarm.set(10);
    expect(clock.delays).toEqual([0]);
    clock.advance(0);
    expect(rung).toEqual([50]);
  });

  test("rings no longer at the time it was set for before", () => {
    const { clock, rung, alarm } = setUp();
    alarm.set(10);
    alarm.set(20);
    expect(clock.armed).toBe(1);
    clock.advance(15);
    expect(rung).toEqual([]);
    alarm.set(18);
    expect(clock.armed).toBe(1);
    clock.advance(3);
    expect(rung).toEqual([18]);
  });

  test("keeps its timer when it is set for the same time again", () => {
    const { clock, alarm } = setUp();
    alarm.set(10);
    alarm.set(10);
    expect(clock.delays).toEqual([10]);
  });

  test("may be set again from within", () => {
    const clock = new VirtualClock();
    const rung: number[] = [];
    const alarm: Alarm = new Alarm(clock, (now) => {
      rung.push(now);
      if (rung.length < 3) alarm.set(now + 10);
    });
    alarm.set(10);
    clock.advance(100);
    expect(rung).toEqual([10, 20, 30]);
    expect(clock.armed).toBe(0);
  });

  test("is disarmed by clear, and by Infinity, and may be set again", () => {
    const { clock, rung, alarm } = setUp();
    alarm.clear();
    alarm.set(10);
    alarm.clear();
    expect([alarm.armed, clock.armed]).toEqual([false, 0]);
    alarm.set(10);
    alarm.set(Number.POSITIVE_INFINITY);
    expect([alarm.armed, clock.armed]).toEqual([false, 0]);
    alarm.set(Number.POSITIVE_INFINITY);
    expect(clock.armed).toBe(0);
    alarm.set(10);
    clock.advance(10);
    expect(rung).toEqual([10]);
  });

  test("reaches a time beyond the longest timer in steps, set again at the end of each", () => {
    const clock = new VirtualClock();
    const due = 2 * longestTimer + 7;
    const rung: number[] = [];
    const alarm: Alarm = new Alarm(clock, (now) => {
      rung.push(now);
      if (now < due) alarm.set(due);
    });
    alarm.set(due);
    clock.advance(3 * longestTimer);
    expect(clock.delays).toEqual([longestTimer, longestTimer, 7]);
    expect(rung).toEqual([longestTimer, 2 * longestTimer, due]);
  });

  test("counts the end of a step, too, where a timer fires early", () => {
    const { clock, rung, alarm } = setUp();
    alarm.set(longestTimer + 100);
    clock.advance(longestTimer - 1);
    clock.fireEarly();
    expect(rung).toEqual([longestTimer]);
  });

  test("tells the clock which timer to forget", () => {
    const clearTimeout = vi.fn<(handle: unknown) => void>();
    const alarm = new Alarm({ now: () => 0, setTimeout: () => "handle", clearTimeout }, () => {});
    alarm.set(5);
    alarm.clear();
    expect(clearTimeout).toHaveBeenCalledExactlyOnceWith("handle");
  });

  test("has a time that never goes back, and that counts its timers", () => {
    const { clock, rung, alarm } = setUp();
    clock.advance(5);
    expect([alarm.now(), alarm.ahead]).toEqual([5, 0]);
    alarm.set(10);
    clock.advance(4.5);
    clock.fireEarly();
    expect([rung, alarm.now(), alarm.ahead]).toEqual([[10], 10, 0]);
    clock.advance(1);
    expect(alarm.now()).toBe(10.5);
  });

  test("lets the process end where it only gives something back", () => {
    const unref = vi.fn<(handle: unknown) => void>();
    const clock = { now: () => 0, setTimeout: () => "handle", clearTimeout() {}, unref };
    new Alarm(clock, () => {}).set(5);
    expect(unref).not.toHaveBeenCalled();
    new Alarm(clock, () => {}, { unref: true }).set(5);
    expect(unref).toHaveBeenCalledExactlyOnceWith("handle");
    const { unref: _unref, ...without } = clock;
    expect(() => new Alarm(without, () => {}, { unref: true }).set(5)).not.toThrow();
  });
});

describe("promise 13: an alarm on the process's timers", () => {
  test("is armed a microtask after it was set, for the last time it was set for, or not at all", async () => {
    const setTimeout = vi.spyOn(systemClock, "setTimeout");
    const clearTimeout = vi.spyOn(systemClock, "clearTimeout");
    const alarm = new Alarm(systemClock, () => {});
    alarm.set(alarm.now() + 10_000);
    alarm.clear();
    await turn();
    alarm.set(alarm.now() + 20_000);
    alarm.set(alarm.now() + 30_000);
    expect([alarm.armed, alarm.trusted, setTimeout.mock.calls.length]).toEqual([true, true, 0]);
    await turn();
    expect(setTimeout.mock.calls.map(([, ms]) => Math.ceil(ms / 1_000))).toEqual([30]);
    alarm.clear();
    expect(clearTimeout).toHaveBeenCalledOnce();
    vi.restoreAllMocks();
  });

  test("is not trusted once fake timers have come, and may be set for the same time again", async () => {
    const alarm = new Alarm(systemClock, () => {});
    const due = alarm.now() + 10_000;
    alarm.set(due);
    await turn();
    expect(alarm.trusted).toBe(true);
    vi.useFakeTimers();
    expect(alarm.trusted).toBe(false);
    alarm.set(due);
    expect(vi.getTimerCount()).toBe(1);
    alarm.set(due);
    expect(vi.getTimerCount()).toBe(1);
    vi.clearAllTimers();
    alarm.set(due);
    expect(vi.getTimerCount()).toBe(1);
    vi.useRealTimers();
    alarm.clear();
    expect(alarm.armed).toBe(false);
  });

  test("does not ring for a timer of fake timers that are gone", () => {
    const rung: number[] = [];
    const alarm = new Alarm(systemClock, (now) => rung.push(now));
    vi.useFakeTimers();
    const before = globalThis.setTimeout;
    alarm.set(alarm.now() + 100);
    globalThis.setTimeout = Object.assign((...args: Parameters<typeof before>) => before(...args), before);
    alarm.set(alarm.now() + 200);
    vi.advanceTimersByTime(150);
    expect(rung).toHaveLength(0);
    vi.advanceTimersByTime(50);
    expect(rung).toHaveLength(1);
    vi.useRealTimers();
  });
});
