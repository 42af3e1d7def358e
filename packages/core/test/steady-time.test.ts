import { describe, expect, test } from "vitest";
import { SteadyTime } from "../src/kit.ts";

/** A time on a clock that says what the test says. */
function setUp() {
  const clock = { at: 0, now: () => clock.at, setTimeout: () => undefined, clearTimeout() {} };
  return { clock, time: new SteadyTime(clock) };
}

describe("steady time", () => {
  test("is the clock's, to the last digit", () => {
    const { clock, time } = setUp();
    for (const at of [0, 0.1, 3.133830542002052, 1e9]) {
      clock.at = at;
      expect(time.now()).toBe(at);
    }
    expect(time.ahead).toBe(0);
  });

  test("goes on from where it was when the clock is set back, however far and however often", () => {
    const { clock, time } = setUp();
    clock.at = 10_000;
    time.now();
    clock.at = 400;
    expect([time.now(), time.ahead]).toEqual([10_000, 9_600]);
    clock.at = 500;
    expect(time.now()).toBe(10_100);
    clock.at = -5_000;
    expect(time.now()).toBe(10_100);
    clock.at = -4_000;
    expect(time.now()).toBe(11_100);
  });

  test("goes on with a clock that is set forward", () => {
    const { clock, time } = setUp();
    time.now();
    clock.at = 1e6;
    expect([time.now(), time.ahead]).toEqual([1e6, 0]);
  });

  test("believes a timer that is early by a moment, until the clock has caught up", () => {
    const { clock, time } = setUp();
    clock.at = 99.2;
    expect(time.fired(0, 100)).toBe(100);
    expect([time.now(), time.measured(), time.ahead]).toEqual([100, 99.2, 0]);
    clock.at = 101;
    expect(time.now()).toBe(101);
  });

  test("waits for the clock where a timer is early by more, but not by most of its time", () => {
    const { clock, time } = setUp();
    clock.at = 1_000;
    const since = time.measured();
    clock.at = 1_090;
    expect(time.fired(since, since + 100)).toBe(1_100);
    expect([time.now(), time.ahead]).toEqual([1_100, 0]);
    clock.at = 1_105;
    expect(time.now()).toBe(1_105);
  });

  test("is the clock's where a timer is late", () => {
    const { clock, time } = setUp();
    clock.at = 130;
    expect(time.fired(0, 100)).toBe(130);
  });

  test("goes on with timers where the clock hardly moves while they fire, as under fake timers that leave it as it is", () => {
    const { clock, time } = setUp();
    let due = 0;
    for (let round = 1; round <= 5; round++) {
      const since = time.measured();
      due = time.now() + 100;
      clock.at += 0.5;
      expect(time.fired(since, due)).toBe(due);
      // The next timer is not set for longer than the round before.
      expect(due + 100 - time.measured()).toBeLessThanOrEqual(100);
    }
    expect(time.ahead).toBeGreaterThan(490);
  });

  test("does not run away where timers fire early again and again by as much as they round", () => {
    const { clock, time } = setUp();
    for (let round = 1; round <= 1_000; round++) {
      const since = time.measured();
      // A timer of 1 ms, on a clock that is 0.9 ms behind it.
      clock.at = since + 0.1;
      time.fired(since, since + 1);
      clock.at = since + 1;
    }
    expect(time.ahead).toBe(0);
  });
});
