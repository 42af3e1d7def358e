import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { VirtualClock } from "../src/index.ts";

/** Arms a timer for each delay, and answers with the list of what has fired: `[name, now()]`. */
function record(clock: VirtualClock, delays: Record<string, number>): [string, number][] {
  const fired: [string, number][] = [];
  for (const [name, ms] of Object.entries(delays)) clock.setTimeout(() => fired.push([name, clock.now()]), ms);
  return fired;
}

describe("now", () => {
  test("stands still, from 0 or from where it was told to start", async () => {
    const clock = new VirtualClock();
    expect(clock.now()).toBe(0);
    await Promise.resolve();
    expect(clock.now()).toBe(0);
    expect(new VirtualClock(1_000).now()).toBe(1_000);
  });

  test("moves by what it is advanced, timers or none", () => {
    const clock = new VirtualClock(5);
    void clock.advance(10);
    void clock.advance(0.5);
    expect(clock.now()).toBe(15.5);
  });
});

describe("advance", () => {
  test("fires before it returns, by due time, with now() at each, and those due together as they were armed", () => {
    const clock = new VirtualClock();
    const fired = record(clock, { c: 30, a: 10, b: 20, a2: 10, late: 31 });
    void clock.advance(30);
    expect(fired).toEqual([
      ["a", 10],
      ["a2", 10],
      ["b", 20],
      ["c", 30],
    ]);
    expect(clock.now()).toBe(30);
    expect(clock.pending).toBe(1);
  });

  test("fires timers that others arm on the way, counted from the time of those", () => {
    const clock = new VirtualClock();
    const fired: number[] = [];
    const tick = (): void => {
      fired.push(clock.now());
      clock.setTimeout(tick, 10);
    };
    clock.setTimeout(tick, 10);
    void clock.advance(35);
    expect(fired).toEqual([10, 20, 30]);
    expect(clock.now()).toBe(35);
  });

  test("fires nothing twice, and nothing that was cleared, also by another timer due at the same time", () => {
    const clock = new VirtualClock();
    const fired: string[] = [];
    clock.setTimeout(() => {
      fired.push("first");
      clock.clearTimeout(second);
    }, 10);
    const second = clock.setTimeout(() => fired.push("second"), 10);
    clock.setTimeout(() => fired.push("third"), 10);
    expect(clock.pending).toBe(3);
    void clock.advance(10);
    void clock.advance(10);
    expect(fired).toEqual(["first", "third"]);
    expect(clock.pending).toBe(0);
  });

  test("takes a delay below 0 for 0", () => {
    const clock = new VirtualClock();
    const fired = record(clock, { past: -5 });
    void clock.advance(0);
    expect(fired).toEqual([["past", 0]]);
  });

  test("its promise is kept when the microtasks that follow have run, and the timers they set for now", async () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    clock.setTimeout(() => {
      let chain = Promise.resolve();
      for (let hop = 0; hop < 20; hop++) chain = chain.then(() => {});
      void chain.then(() => {
        seen.push("chain");
        clock.setTimeout(() => seen.push("timer for now"), 0);
        clock.setTimeout(() => seen.push("timer for later"), 1);
      });
    }, 10);
    const settled = clock.advance(10);
    expect(seen).toEqual([]);
    await settled;
    expect(seen).toEqual(["chain", "timer for now"]);
  });

  test("when a timer throws: throws, stands still at it, and leaves the others armed", () => {
    const clock = new VirtualClock();
    const boom = new Error("boom");
    clock.setTimeout(() => {
      throw boom;
    }, 10);
    const fired = record(clock, { next: 20 });
    expect(() => clock.advance(30)).toThrow(boom);
    expect(clock.now()).toBe(10);
    void clock.advance(10);
    expect(fired).toEqual([["next", 20]]);
  });

  test("when a timer advances the clock: time never goes back", () => {
    const clock = new VirtualClock();
    const fired = record(clock, { b: 15 });
    clock.setTimeout(() => void clock.advance(50), 10);
    void clock.advance(20);
    expect(fired).toEqual([["b", 15]]);
    expect(clock.now()).toBe(60);
  });

  test("when timers are armed for now without end: throws instead of standing there for ever", () => {
    const clock = new VirtualClock();
    const again = (): void => {
      clock.setTimeout(again, 0);
    };
    again();
    expect(() => clock.advance(1)).toThrow("armed without end at 0 ms");
  });

  test("when very many calls have a timer for the same time: all of them fire, also those that they set for now", () => {
    const clock = new VirtualClock();
    let fired = 0;
    for (let call = 0; call < 11_000; call++) {
      clock.setTimeout(() => {
        fired++;
        clock.setTimeout(() => fired++, 0);
      }, 10);
    }
    void clock.advance(10);
    expect(fired).toBe(22_000);
  });

  test("when time stands still for a long test: each advance fires what is due", () => {
    const clock = new VirtualClock();
    let fired = 0;
    for (let step = 0; step < 11_000; step++) {
      clock.setTimeout(() => fired++, 0);
      void clock.advance(0);
    }
    expect(fired).toBe(11_000);
  });

  test("when each timer arms two for now: throws before the memory is full of them", () => {
    const clock = new VirtualClock();
    const again = (): void => {
      clock.setTimeout(again, 0);
      clock.setTimeout(again, 0);
    };
    again();
    expect(() => clock.advance(1)).toThrow("armed without end at 0 ms");
  });

  test("when timers arm each other without end by way of promises: rejects instead of waiting for ever", async () => {
    const clock = new VirtualClock();
    const again = (): void => {
      void Promise.resolve().then(() => clock.setTimeout(again, 0));
    };
    again();
    await expect(clock.advanceAsync(1)).rejects.toThrow("armed without end at 0 ms");
  });

  test("for any set of timers, some cleared, fires the rest in order of due time", () => {
    const timers = fc.array(fc.record({ ms: fc.nat(20), cleared: fc.boolean() }), { maxLength: 30 });
    fc.assert(
      fc.property(timers, fc.array(fc.nat(8), { maxLength: 6 }), (wanted, steps) => {
        const clock = new VirtualClock();
        const fired: number[] = [];
        const handles = wanted.map(({ ms }, index) => clock.setTimeout(() => fired.push(index), ms));
        for (const [index, { cleared }] of wanted.entries()) if (cleared) clock.clearTimeout(handles[index]);
        for (const step of [0, ...steps]) void clock.advance(step);
        const expected = [...wanted.entries()]
          .filter(([, { ms, cleared }]) => !cleared && ms <= clock.now())
          .sort(([, a], [, b]) => a.ms - b.ms)
          .map(([index]) => index);
        expect(fired).toEqual(expected);
        expect(clock.pending).toBe(wanted.filter(({ ms, cleared }) => !cleared && ms > clock.now()).length);
      }),
    );
  });
});

describe("advanceAsync", () => {
  test("lets microtasks run before, between and after the timers", async () => {
    const clock = new VirtualClock();
    const seen: number[] = [];
    const again = (): void => {
      seen.push(clock.now());
      if (seen.length < 4) void Promise.resolve().then(() => clock.setTimeout(again, 10));
    };
    void Promise.resolve().then(again);
    await clock.advanceAsync(25);
    expect(seen).toEqual([0, 10, 20]);
    expect(clock.now()).toBe(25);
    await clock.advanceAsync(5);
    expect(seen).toEqual([0, 10, 20, 30]);
    expect(clock.pending).toBe(0);
  });
});

describe("jump", () => {
  test("forwards: timers fire late by now(), and none because of it", () => {
    const clock = new VirtualClock();
    const fired = record(clock, { a: 10 });
    clock.jump(100);
    void clock.advance(0);
    expect([clock.now(), fired]).toEqual([100, []]);
    void clock.advance(10);
    expect(fired).toEqual([["a", 110]]);
  });

  test("backwards: timers fire early by now()", () => {
    const clock = new VirtualClock();
    const fired = record(clock, { a: 10 });
    clock.jump(-0.5);
    void clock.advance(10);
    expect(fired).toEqual([["a", 9.5]]);
  });
});

describe("bad arguments", () => {
  test.each([Number.NaN, Number.POSITIVE_INFINITY])("%s is no time", (value) => {
    expect(() => new VirtualClock(value)).toThrow(RangeError);
    const clock = new VirtualClock();
    expect(() => clock.advance(value)).toThrow(`VirtualClock: ms must be a number of 0 or more; received ${value}`);
    expect(() => clock.jump(value)).toThrow(RangeError);
    expect(() => clock.setTimeout(() => {}, value)).toThrow(RangeError);
  });

  test("a negative advance is refused, by either way", async () => {
    const clock = new VirtualClock();
    expect(() => clock.advance(-1)).toThrow(RangeError);
    await expect(clock.advanceAsync(-1)).rejects.toThrow(RangeError);
  });

  test("a timer needs a function; clearing nothing, or what is no timer, does nothing", () => {
    const clock = new VirtualClock();
    // @ts-expect-error not a function
    expect(() => clock.setTimeout("run", 1)).toThrow(TypeError);
    const handle = clock.setTimeout(() => {}, 1);
    clock.clearTimeout(undefined);
    clock.clearTimeout({ due: 1 });
    expect(clock.pending).toBe(1);
    clock.clearTimeout(handle);
    clock.clearTimeout(handle);
    expect(clock.pending).toBe(0);
  });
});

describe("unref", () => {
  test("a timer that keeps no process alive is counted apart, and fires all the same", () => {
    const clock = new VirtualClock();
    const fired: string[] = [];
    clock.setTimeout(() => fired.push("kept"), 10);
    const timer = clock.setTimeout(() => fired.push("let go"), 10);
    clock.unref(timer);
    expect([clock.pending, clock.unreferenced]).toEqual([2, 1]);
    void clock.advance(10);
    expect(fired).toEqual(["kept", "let go"]);
    expect([clock.pending, clock.unreferenced]).toEqual([0, 0]);
  });

  test("does nothing with a timer that has fired, was cleared, or is another clock's", () => {
    const clock = new VirtualClock();
    const cleared = clock.setTimeout(() => {}, 10);
    clock.clearTimeout(cleared);
    clock.setTimeout(() => {}, 10);
    for (const handle of [cleared, new VirtualClock().setTimeout(() => {}, 10), undefined, 5]) clock.unref(handle);
    expect([clock.pending, clock.unreferenced]).toEqual([1, 0]);
  });
});
