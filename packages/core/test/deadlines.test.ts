import { turn, unhandledIn } from "@sluice/test-kit";
import { describe, expect, test } from "vitest";
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
