import { turn, unhandledIn } from "@sluice/test-kit";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { systemClock } from "../src/index.ts";
import { Deadline, Deadlines } from "../src/kit.ts";
import { VirtualClock } from "./helper/virtual-clock.ts";

class Named extends Deadline {
  due: number;
  private readonly name: string;
  private readonly log: string[];

  constructor(log: string[], name: string, due: number) {
    super();
    this.log = log;
    this.name = name;
    this.due = due;
  }

  expire(): void {
    this.log.push(this.name);
  }
}

function setUp() {
  const clock = new VirtualClock();
  const expired: string[] = [];
  const deadlines = new Deadlines(clock);
  const add = (name: string, due: number): Named => {
    const deadline = new Named(expired, name, due);
    deadlines.add(deadline);
    return deadline;
  };
  return { clock, expired, deadlines, add };
}

describe("deadlines", () => {
  test("expire when they are due and not before, whatever the order in which they were added", async () => {
    const { clock, expired, add } = setUp();
    add("c", 30);
    add("a", 10);
    add("b", 20);
    const seen: string[] = [];
    for (const ms of [9, 1, 9, 1, 9, 1]) {
      clock.advance(ms);
      await turn();
      seen.push(expired.join(""));
    }
    expect(seen).toEqual(["", "a", "a", "ab", "ab", "abc"]);
    expect(clock.armed).toBe(0);
  });

  test("expire in the order in which they were added, where they are due together", async () => {
    const { clock, expired, add } = setUp();
    for (const name of ["a", "b", "c", "d"]) add(name, 10);
    clock.advance(10);
    await turn();
    expect(expired).toEqual(["a", "b", "c", "d"]);
  });

  test("expire in that order although others before and between them have left", async () => {
    const { clock, expired, deadlines, add } = setUp();
    const first = add("a", 9);
    const second = add("b", 10);
    add("c", 10);
    const fourth = add("d", 10);
    add("e", 10);
    for (const answered of [fourth, second, first]) deadlines.remove(answered);
    clock.advance(10);
    await turn();
    expect(expired).toEqual(["c", "e"]);
  });

  test("share one timer, which is armed while any is left", () => {
    const { clock, deadlines, add } = setUp();
    const [first, second] = [add("a", 10), add("b", 20)];
    expect(clock.armed).toBe(1);
    expect(deadlines.remove(first)).toBe(true);
    expect(clock.armed).toBe(1);
    expect(deadlines.remove(second)).toBe(true);
    expect(clock.armed).toBe(0);
  });

  test("do not expire once they are removed, and know whether they stood there", async () => {
    const { clock, expired, deadlines, add } = setUp();
    const removed = add("a", 10);
    add("b", 10);
    expect([deadlines.remove(removed), deadlines.remove(removed)]).toEqual([true, false]);
    clock.advance(10);
    await turn();
    expect(expired).toEqual(["b"]);
  });

  test("may be removed, and may be added anew, by those that expire", async () => {
    const { clock, expired, deadlines, add } = setUp();
    const other = new Named(expired, "never", 10);
    class Again extends Deadline {
      readonly due = 10;
      expire(): void {
        expired.push("first");
        // It is not there any more.
        expect(deadlines.remove(this)).toBe(false);
        deadlines.remove(other);
        add("later", 20);
      }
    }
    deadlines.add(new Again());
    deadlines.add(other);
    clock.advance(10);
    await turn();
    clock.advance(10);
    await turn();
    expect(expired).toEqual(["first", "later"]);
    expect(clock.armed).toBe(0);
  });

  test("lose to an answer that is there when the timer fires, and is on its way through ten layers", async () => {
    const { clock, expired, deadlines, add } = setUp();
    const deadline = add("a", 10);
    let answer = Promise.resolve();
    const through = async (inner: Promise<void>): Promise<void> => inner;
    for (let layer = 0; layer < 10; layer++) answer = through(answer);
    void answer.then(() => deadlines.remove(deadline));
    clock.advance(10);
    await turn();
    expect(expired).toEqual([]);
  });

  test("that were due when they were added expire as soon as the turn is over", async () => {
    const { clock, expired, add } = setUp();
    clock.advance(100);
    add("a", 10);
    expect(expired).toEqual([]);
    await turn();
    expect(expired).toEqual(["a"]);
    expect(clock.armed).toBe(0);
  });

  test("expire although one before them throws, which is reported", async () => {
    const { clock, expired, deadlines, add } = setUp();
    const rude = new Error("rude");
    class Rude extends Deadline {
      readonly due = 10;
      expire(): void {
        throw rude;
      }
    }
    deadlines.add(new Rude());
    add("a", 10);
    const reported = await unhandledIn(async () => {
      clock.advance(10);
      await turn();
    });
    expect(reported).toEqual([rude]);
    expect(expired).toEqual(["a"]);
  });

  test("beyond the longest timer are reached in steps", async () => {
    const { clock, expired, add } = setUp();
    add("far", 2 ** 31 + 10);
    clock.advance(2 ** 31 - 1);
    await turn();
    expect([expired, clock.armed]).toEqual([[], 1]);
    clock.advance(11);
    await turn();
    expect(expired).toEqual(["far"]);
  });

  test("leave no timer behind where all have expired before it fired", async () => {
    const { clock, expired, add } = setUp();
    add("a", 10);
    // The turn takes its time: the timer is late, and one who comes is due before it.
    clock.time = 20;
    add("b", 5);
    await turn();
    expect(expired).toEqual(["b", "a"]);
    expect(clock.armed).toBe(0);
  });

  test("expire after the time that they had, also where the clock is set back before or after they were added", async () => {
    const { clock, expired, deadlines, add } = setUp();
    clock.advance(1_000);
    add("before", clock.now() + 10);
    clock.time -= 500;
    expect(deadlines.now()).toBe(1_000);
    add("after", clock.now() + 10);
    clock.time -= 500;
    add("last", clock.now() + 10);
    clock.advance(9);
    await turn();
    expect(expired).toEqual([]);
    // The timer that was armed before goes by the time before.
    clock.fireEarly();
    await turn();
    expect(expired).toEqual(["before", "after", "last"]);
  });
});

/** Deadlines in the process's own time, so many milliseconds from now. */
function inProcessTime() {
  const expired: string[] = [];
  const deadlines = new Deadlines(systemClock);
  const add = (name: string, ms: number): Named => {
    const deadline = new Named(expired, name, systemClock.now() + ms);
    deadlines.add(deadline);
    return deadline;
  };
  return { expired, deadlines, add };
}

describe("deadlines in the process's own time", () => {
  /** The timers that are armed. The functions pass for those of the platform, whose properties they have. */
  const armed = new Set<unknown>();
  beforeEach(() => {
    armed.clear();
    const { setTimeout: set, clearTimeout: clear } = globalThis;
    const counting = (run: () => void, ms: number): unknown => {
      const handle = set(run, ms);
      armed.add(handle);
      return handle;
    };
    vi.stubGlobal("setTimeout", Object.defineProperties(counting, Object.getOwnPropertyDescriptors(set)));
    vi.stubGlobal("clearTimeout", (handle: ReturnType<typeof set>) => {
      armed.delete(handle);
      clear(handle);
    });
  });
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  test("touch no timer where they are removed in the turn in which they were added, and share one where they stay", async () => {
    const { deadlines, add } = inProcessTime();
    const short = add("short", 10_000);
    for (let microtask = 0; microtask < 6; microtask++) await Promise.resolve();
    expect(armed.size).toBe(0);
    expect(deadlines.remove(short)).toBe(true);
    await turn();
    expect(armed.size).toBe(0);

    const stay = [add("first", 20_000), add("second", 10_000)];
    expect(armed.size).toBe(0);
    await turn();
    expect(armed.size).toBe(1);
    for (const deadline of stay) deadlines.remove(deadline);
    expect(armed.size).toBe(0);
  });

  test("expire by a timer, the earlier first", async () => {
    const { expired, deadlines } = inProcessTime();
    const now = systemClock.now();
    await new Promise<void>((resolve) => {
      const last = new Named(expired, "b", now + 4);
      last.expire = resolve;
      deadlines.add(last);
      deadlines.add(new Named(expired, "a", now + 2));
    });
    expect(expired).toEqual(["a"]);
  });
});

describe("deadlines under fake timers", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("have a timer each, which goes with them", async () => {
    const { expired, deadlines, add } = inProcessTime();
    const [gone, other] = [add("gone", 100), add("other", 100)];
    expect(vi.getTimerCount()).toBe(2);
    expect([deadlines.remove(gone), deadlines.remove(gone)]).toEqual([true, false]);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(99);
    expect(expired).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(expired).toEqual(["other"]);
    expect(deadlines.remove(other)).toBe(false);
  });

  test("do not expire where they are removed in the turn in which the timer fires", async () => {
    const { expired, deadlines, add } = inProcessTime();
    const late = add("late", 100);
    vi.advanceTimersByTime(100);
    expect(deadlines.remove(late)).toBe(true);
    await vi.advanceTimersByTimeAsync(100);
    expect(expired).toEqual([]);
  });

  test("beyond the longest timer are reached in steps", async () => {
    const { expired, add } = inProcessTime();
    add("far", 2 ** 31 + 100);
    await vi.advanceTimersByTimeAsync(2 ** 31 - 1);
    expect(expired).toEqual([]);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(101);
    expect(expired).toEqual(["far"]);
  });

  test("are known from those of a time when there were no fake timers", async () => {
    vi.useRealTimers();
    const { deadlines, add } = inProcessTime();
    const before = add("before", 10_000);
    vi.useFakeTimers();
    const under = add("under", 10_000);
    expect([deadlines.remove(before), deadlines.remove(under)]).toEqual([true, true]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
