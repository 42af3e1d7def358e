import { mock } from "node:test";
import { promisify } from "node:util";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Clock, systemClock } from "../src/index.ts";
import { Alarm, Deadline, Deadlines } from "../src/kit.ts";
import { isVirtual } from "../src/kit/fake-timers.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  mock.timers.reset();
});

test("time may be moved on in any turn where the clock is a test's own or timers are faked, whichever of them", () => {
  const own: Clock = { ...systemClock };
  expect([isVirtual(own), isVirtual(systemClock)]).toEqual([true, false]);
  vi.useFakeTimers();
  expect([isVirtual(own), isVirtual(systemClock)]).toEqual([true, true]);
  vi.useRealTimers();
  expect(isVirtual(systemClock)).toBe(false);
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  expect(isVirtual(systemClock)).toBe(true);
  vi.useRealTimers();
  mock.timers.enable({ apis: ["setTimeout"] });
  expect(isVirtual(systemClock)).toBe(true);
});

describe("timers that set themselves in the place of the platform's", () => {
  /** A function as a platform's, with what tells it from that. */
  const like = (members: object): unknown => {
    const made = function setTimeout(): void {};
    return Object.defineProperties(made, Object.getOwnPropertyDescriptors(members));
  };
  const ofNode = { [promisify.custom]: () => {} };
  const written = (text: string): object => ({ toString: () => text });

  test.each<[string, boolean, object]>([
    ["Node.js's, which can be promisified", false, ofNode],
    ["a browser's, which is no JavaScript", false, written("function setTimeout() { [native code] }")],
    ["Firefox's, on lines of its own", false, written("function setTimeout() {\n    [native code]\n}")],
    ["an engine's that writes no spaces", false, written("function setTimeout(){[native code]}")],
    ["another make's", true, {}],
    [
      "another make's that speaks of native code",
      true,
      written('function setTimeout() { "{ [native code] }"; run(); }'),
    ],
    ["a mock with what the platform's has", true, { ...ofNode, mock: {} }],
    ["sinon's with what the platform's has", true, { ...ofNode, clock: {} }],
    ["one bound with what the platform's has", true, { ...ofNode, name: "bound setTimeout" }],
  ])("%s: taken for a test's is %s", (_whose, faked, members) => {
    vi.stubGlobal("setTimeout", like(members));
    expect(isVirtual(systemClock)).toBe(faked);
  });
});

describe("an alarm, where fake timers come and go", () => {
  const settle = async (): Promise<void> => {
    for (let microtask = 0; microtask < 10; microtask++) await Promise.resolve();
  };

  test("is armed once where they come in the turn in which it was set", async () => {
    const alarm = new Alarm(systemClock, () => {});
    const due = alarm.now() + 10_000;
    alarm.set(due);
    vi.useFakeTimers();
    alarm.set(due);
    await settle();
    expect(vi.getTimerCount()).toBe(1);
    alarm.clear();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("is not trusted once they have gone, and armed again by who comes then", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const alarm = new Alarm(systemClock, () => {});
    const due = alarm.now() + 10_000;
    alarm.set(due);
    vi.useRealTimers();
    expect(alarm.trusted).toBe(false);
    const setTimeout = vi.spyOn(systemClock, "setTimeout");
    alarm.set(due);
    await settle();
    expect(setTimeout).toHaveBeenCalledOnce();
    expect(alarm.trusted).toBe(true);
    alarm.clear();
  });

  test("disarms a timer of a clock of its own", () => {
    const clearTimeout = vi.fn<(handle: unknown) => void>();
    const alarm = new Alarm({ now: () => 0, setTimeout: () => "handle", clearTimeout }, () => {});
    alarm.set(5);
    vi.useFakeTimers();
    alarm.clear();
    expect(clearTimeout).toHaveBeenCalledExactlyOnceWith("handle");
  });

  test("leaves a timer of theirs alone that has the number of its own", () => {
    // As in browsers, where a handle is a number.
    const install = (): Set<number> => {
      const armed = new Set<number>();
      vi.stubGlobal("setTimeout", () => {
        armed.add(armed.size + 1);
        return armed.size;
      });
      vi.stubGlobal("clearTimeout", (handle: number) => armed.delete(handle));
      return armed;
    };
    install();
    const alarm = new Alarm(systemClock, () => {});
    alarm.set(alarm.now() + 100);
    const armed = install();
    setTimeout(() => {}, 100);
    alarm.clear();
    expect(armed.size).toBe(1);
  });
});

describe("an alarm under node:test's timers", () => {
  const enable = (): void => {
    mock.timers.enable({ apis: ["setTimeout", "Date"] });
  };

  test("takes no timer from a test when it is set again after they were reset", () => {
    enable();
    const ring = vi.fn<() => void>();
    const alarm = new Alarm(systemClock, ring);
    const due = alarm.now() + 100;
    alarm.set(due);
    mock.timers.reset();
    enable();
    const run = vi.fn<() => void>();
    setTimeout(run, 50);
    alarm.set(due);
    mock.timers.tick(100);
    expect([run.mock.calls.length, ring.mock.calls.length]).toEqual([1, 1]);
  });

  test.each<[string, (alarm: Alarm, due: number) => void]>([
    ["set for another time", (alarm, due) => alarm.set(due + 50)],
    ["set for another time and back", (alarm, due) => void [alarm.set(due + 50), alarm.set(due)]],
    ["cleared", (alarm) => alarm.clear()],
  ])("takes no timer from a test when it is %s after they were reset", (_how, change) => {
    enable();
    const alarm = new Alarm(systemClock, () => {});
    const due = alarm.now() + 100;
    alarm.set(due);
    mock.timers.reset();
    enable();
    const runs = [30, 20, 40].map((ms) => {
      const run = vi.fn<() => void>();
      setTimeout(run, ms);
      return run;
    });
    change(alarm, due);
    mock.timers.tick(1_000);
    expect(runs.map(({ mock: { calls } }) => calls.length)).toEqual([1, 1, 1]);
  });

  test("leaves no timer behind when it is set for another time", () => {
    enable();
    const alarm = new Alarm(systemClock, () => {});
    const now = alarm.now();
    alarm.set(now + 100_000);
    alarm.set(now + 100);
    mock.timers.runAll();
    expect(Date.now()).toBeLessThanOrEqual(100);
  });
});

describe("the system's clock under node:test's timers", () => {
  const enable = (): void => {
    mock.timers.enable({ apis: ["setTimeout"] });
  };

  test("clears a timer wherever it stands in their queue, also one that is due", () => {
    for (const delays of [[5], [0], [5, 7], [7, 5], [0, 0], [3, 0, 2, 1]]) {
      for (let cleared = 0; cleared < delays.length; cleared++) {
        enable();
        const run = vi.fn<(nth: number) => void>();
        const timers = delays.map((ms, nth) => systemClock.setTimeout(() => run(nth), ms));
        systemClock.clearTimeout(timers[cleared]);
        mock.timers.tick(10);
        const ran = delays.map((_, nth) => run.mock.calls.some(([which]) => which === nth));
        expect(ran).toEqual(delays.map((_, nth) => nth !== cleared));
        mock.timers.reset();
      }
    }
  });

  test("takes no timer from a test for one that they were reset with, nor arms any once they have gone", () => {
    enable();
    const before = [5, 4, 3, 2].map((ms) => systemClock.setTimeout(() => {}, ms));
    mock.timers.reset();
    const armed = vi.spyOn(globalThis, "setTimeout");
    systemClock.clearTimeout(before.pop());
    expect(armed).not.toHaveBeenCalled();
    armed.mockRestore();
    enable();
    const run = vi.fn<() => void>();
    for (const ms of [5, 4, 3, 2]) setTimeout(run, ms);
    for (const timer of before) systemClock.clearTimeout(timer);
    mock.timers.tick(10);
    expect(run).toHaveBeenCalledTimes(4);
  });

  test("takes no timer from a test for a deadline that they were reset with", () => {
    enable();
    const deadlines = new Deadlines(systemClock);
    const call = new Call(systemClock.now() + 100);
    deadlines.add(call);
    mock.timers.reset();
    enable();
    const run = vi.fn<() => void>();
    setTimeout(run, 50);
    expect(deadlines.remove(call)).toBe(true);
    mock.timers.tick(100);
    expect(run).toHaveBeenCalledOnce();
  });
});

class Call extends Deadline {
  due: number;

  constructor(due: number) {
    super();
    this.due = due;
  }

  expire(): void {}
}
