/* oxlint-disable vitest/no-conditional-expect -- what a random schedule brings about is looked at where it is */
import * as fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { type Lease, Semaphore } from "../src/index.ts";
import { stateOf, turn } from "@sluice/test-kit";
import { VirtualClock } from "./helper/virtual-clock.ts";

const outcome = { status: "fulfilled", value: undefined } as const;

/** Takes a slot, which must be free. */
function take(semaphore: Semaphore): Lease {
  const lease = semaphore.tryAcquire();
  if (lease === undefined) throw new Error("No slot is free.");
  return lease;
}

describe("slots", () => {
  test("are held until cancel or finish, and never more than max of them", () => {
    const semaphore = new Semaphore(2);
    const [one, two] = [take(semaphore), take(semaphore)];
    expect(semaphore.tryAcquire()).toBeUndefined();
    expect([semaphore.active, semaphore.available, semaphore.waiting]).toEqual([2, 0, 0]);
    one.cancel();
    expect([semaphore.active, semaphore.available]).toEqual([1, 1]);
    two.finish(outcome);
    expect([semaphore.active, semaphore.available]).toEqual([0, 2]);
  });

  test("come back once, whatever a lease is told then (promise 3)", () => {
    const semaphore = new Semaphore(1);
    const lease = take(semaphore);
    lease.cancel();
    take(semaphore);
    lease.cancel();
    lease.finish(outcome);
    expect(semaphore.active).toBe(1);
  });

  test("there are none where max is 0, until it is raised", async () => {
    const semaphore = new Semaphore(0);
    expect(semaphore.tryAcquire()).toBeUndefined();
    expect(semaphore.available).toBe(0);
    const waiting = semaphore.acquire();
    expect(await stateOf(waiting)).toBe("pending");
    semaphore.max = 1;
    (await waiting).cancel();
    expect([semaphore.active, semaphore.available, semaphore.max]).toEqual([0, 1, 1]);
  });

  test("there are always some where max is Infinity", () => {
    const semaphore = new Semaphore(Number.POSITIVE_INFINITY);
    for (let held = 1; held <= 1000; held++) {
      take(semaphore);
      expect(semaphore.active).toBe(held);
    }
    expect(semaphore.available).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("promise 4: in line", () => {
  test("first come, first served, and a newcomer gets nothing while somebody waits", async () => {
    const semaphore = new Semaphore(1);
    const first = take(semaphore);
    const served: number[] = [];
    const waiters = [1, 2, 3].map((n) => semaphore.acquire().then((lease) => (served.push(n), lease)));
    expect(semaphore.waiting).toBe(3);
    first.cancel();
    expect(semaphore.tryAcquire()).toBeUndefined();
    for (const [index, waiter] of waiters.entries()) {
      const lease = await waiter;
      expect(served).toHaveLength(index + 1);
      lease.cancel();
    }
    expect(served).toEqual([1, 2, 3]);
    expect([semaphore.active, semaphore.waiting]).toEqual([0, 0]);
  });

  test("a newcomer who asks right after the last in line was granted waits until that one has moved on", async () => {
    const semaphore = new Semaphore(2);
    const holders = [take(semaphore), take(semaphore)];
    const order: string[] = [];
    const granted = semaphore.acquire().then(() => order.push("granted"));
    for (const holder of holders) holder.cancel();
    // One slot is free and nobody is in line, but the one who was granted does not know of it yet.
    expect([semaphore.available, semaphore.waiting]).toEqual([1, 0]);
    expect(semaphore.tryAcquire()).toBeUndefined();
    const newcomer = semaphore.acquire().then(() => order.push("newcomer"));
    expect(semaphore.waiting).toBe(1);
    await Promise.all([granted, newcomer]);
    expect(order).toEqual(["granted", "newcomer"]);
    expect(semaphore.active).toBe(2);
  });

  test("within one microtask drain newcomers are let in again", async () => {
    const semaphore = new Semaphore(2);
    const holders = [take(semaphore), take(semaphore)];
    void semaphore.acquire();
    for (const holder of holders) holder.cancel();
    expect(semaphore.tryAcquire()).toBeUndefined();
    await turn();
    expect(semaphore.tryAcquire()).toBeDefined();
  });

  test("acquire does not wait where a slot is free", async () => {
    const semaphore = new Semaphore(1);
    const lease = semaphore.acquire();
    expect([semaphore.active, semaphore.waiting]).toEqual([1, 0]);
    (await lease).cancel();
  });
});

describe("max changed while it runs", () => {
  test("raised, it serves those who wait, in order", async () => {
    const semaphore = new Semaphore(0);
    const served: number[] = [];
    for (const n of [1, 2, 3]) void semaphore.acquire().then(() => served.push(n));
    semaphore.max = 2;
    await turn();
    expect(served).toEqual([1, 2]);
    semaphore.max = Number.POSITIVE_INFINITY;
    await turn();
    expect(served).toEqual([1, 2, 3]);
    expect(semaphore.active).toBe(3);
  });

  test("lowered, it takes nothing from those who hold, and lets nobody in before there is room", async () => {
    const semaphore = new Semaphore(3);
    const [one, two, three] = [take(semaphore), take(semaphore), take(semaphore)] as const;
    semaphore.max = 1;
    expect([semaphore.active, semaphore.available]).toEqual([3, 0]);
    const waiting = semaphore.acquire();
    one.finish(outcome);
    two.finish(outcome);
    expect(await stateOf(waiting)).toBe("pending");
    expect([semaphore.active, semaphore.available]).toEqual([1, 0]);
    three.finish(outcome);
    await waiting;
    expect(semaphore.active).toBe(1);
  });

  test("to something that will not do is refused, and changes nothing", () => {
    const semaphore = new Semaphore(1);
    expect(() => {
      semaphore.max = -1;
    }).toThrow(/^Semaphore: max must be .*; received -1/);
    expect(semaphore.max).toBe(1);
  });
});

describe("promise 5: abort", () => {
  test("a waiter leaves at once, from anywhere in line, and rejects with the reason itself", async () => {
    const semaphore = new Semaphore(0);
    const reason = { why: "gone" };
    const controllers = [0, 1, 2].map(() => new AbortController());
    const served: number[] = [];
    const waiters = controllers.map(async ({ signal }, index) => {
      await semaphore.acquire({ signal });
      served.push(index);
    });
    controllers[1]?.abort(reason);
    expect(semaphore.waiting).toBe(2);
    await expect(waiters[1]).rejects.toBe(reason);
    semaphore.max = 2;
    await Promise.all([waiters[0], waiters[2]]);
    expect(served).toEqual([0, 2]);
  });

  test("with a signal that is aborted already nobody joins, also where a slot is free", async () => {
    const semaphore = new Semaphore(1);
    await expect(semaphore.acquire({ signal: AbortSignal.abort("gone") })).rejects.toBe("gone");
    expect([semaphore.active, semaphore.waiting]).toEqual([0, 0]);
  });

  test("after the grant, an abort changes nothing: exactly one wins", async () => {
    const semaphore = new Semaphore(0);
    const controller = new AbortController();
    const waiting = semaphore.acquire({ signal: controller.signal });
    semaphore.max = 1;
    controller.abort("gone");
    (await waiting).cancel();
    expect(semaphore.active).toBe(0);
  });
});

describe("oldest", () => {
  test("is for how long the longest holder has had its slot", async () => {
    const clock = new VirtualClock();
    const semaphore = new Semaphore(2, { clock });
    expect(semaphore.oldest).toBe(0);
    clock.advance(5);
    const first = take(semaphore);
    clock.advance(10);
    const second = take(semaphore);
    clock.advance(1);
    expect(semaphore.oldest).toBe(11);
    const waiting = semaphore.acquire();
    first.cancel();
    expect(semaphore.oldest).toBe(1);
    clock.advance(4);
    second.cancel();
    // The third has had its slot since it was granted, not since it asked.
    expect(semaphore.oldest).toBe(4);
    (await waiting).cancel();
    expect(semaphore.oldest).toBe(0);
    expect(clock.armed).toBe(0);
  });

  test("counts holders from before it was read for the first time from then on", () => {
    const clock = new VirtualClock();
    const semaphore = new Semaphore(2, { clock });
    take(semaphore);
    clock.advance(5);
    expect(semaphore.oldest).toBe(0);
    clock.advance(10);
    take(semaphore);
    expect(semaphore.oldest).toBe(10);
  });

  test("is in the process's own time by default", () => {
    vi.useFakeTimers();
    try {
      const semaphore = new Semaphore(1);
      expect(semaphore.oldest).toBe(0);
      take(semaphore);
      vi.advanceTimersByTime(250);
      expect(semaphore.oldest).toBe(250);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("promise 14: bad options", () => {
  const range = /^Semaphore: max must be a whole number of 0 or more, or Infinity; received /;
  test.each([-1, 0.5, Number.NaN, Number.NEGATIVE_INFINITY])("%o as max", (max) => {
    expect(() => new Semaphore(max)).toThrow(RangeError);
    expect(() => new Semaphore(max)).toThrow(range);
  });

  test.each([undefined, null, "1", 1n, {}, [1]])("%o as max", (max) => {
    expect(() => new Semaphore(max as never)).toThrow(TypeError);
    expect(() => new Semaphore(max as never)).toThrow(range);
  });

  test.each([null, 5, "clock", {}, { now() {} }])("%o as clock", (clock) => {
    expect(() => new Semaphore(1, { clock: clock as never })).toThrow(TypeError);
    expect(() => new Semaphore(1, { clock: clock as never })).toThrow(
      /^Semaphore: clock must be a clock .*; received /,
    );
  });

  test.each([null, 5, "options"])("%o as options", (options) => {
    expect(() => new Semaphore(1, options as never)).toThrow(/^Semaphore: options must be an object; received /);
  });
});

/** A semaphore in its plainest form: a number, and an array of those who wait. */
class Model {
  max: number;
  active = 0;
  readonly line: number[] = [];
  /** Granted, and not told yet. */
  moving: number[] = [];
  readonly served: number[] = [];

  constructor(max: number) {
    this.max = max;
  }

  tryAcquire(): boolean {
    if (this.active >= this.max || this.line.length > 0 || this.moving.length > 0) return false;
    this.active++;
    return true;
  }

  serve(): void {
    while (this.line.length > 0 && this.active < this.max) {
      const next = this.line.shift()!;
      this.active++;
      this.moving.push(next);
      this.served.push(next);
    }
  }

  giveBack(): void {
    this.active--;
    this.serve();
  }

  drain(): void {
    while (this.moving.length > 0) {
      this.moving = [];
      this.serve();
    }
  }
}

type Step =
  | { readonly do: "try" | "ask" | "drain" }
  | { readonly do: "give back" | "abort"; readonly which: number }
  | { readonly do: "max"; readonly max: number };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom("try", "ask", "ask", "drain") }),
  fc.record({ do: fc.constantFrom("give back", "give back", "abort"), which: fc.nat(20) }),
  fc.record({ do: fc.constant("max"), max: fc.nat(3) }),
) as fc.Arbitrary<Step>;

test("promise 4: whatever the schedule, it does what a number and an array do", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(3), fc.array(anyStep, { maxLength: 40 }), async (max, steps) => {
      const semaphore = new Semaphore(max);
      const model = new Model(max);
      const held: Lease[] = [];
      const waiting = new Map<number, AbortController>();
      const served: number[] = [];
      let asked = 0;
      for (const step of steps) {
        switch (step.do) {
          case "try": {
            const lease = semaphore.tryAcquire();
            expect(lease !== undefined).toBe(model.tryAcquire());
            if (lease !== undefined) held.push(lease);
            break;
          }
          case "ask": {
            const id = asked++;
            const controller = new AbortController();
            waiting.set(id, controller);
            semaphore.acquire({ signal: controller.signal }).then(
              (lease) => {
                held.push(lease);
                served.push(id);
                waiting.delete(id);
              },
              () => waiting.delete(id),
            );
            if (model.tryAcquire()) model.served.push(id);
            else model.line.push(id);
            break;
          }
          case "give back": {
            const [lease] = held.splice(step.which % Math.max(held.length, 1), 1);
            if (lease === undefined) break;
            lease.cancel();
            model.giveBack();
            break;
          }
          case "abort": {
            const [id, controller] = [...waiting][step.which % Math.max(waiting.size, 1)] ?? [];
            if (id === undefined) break;
            controller?.abort();
            const place = model.line.indexOf(id);
            if (place < 0) break;
            model.line.splice(place, 1);
            model.serve();
            break;
          }
          case "max":
            semaphore.max = step.max;
            model.max = step.max;
            model.serve();
            break;
          case "drain":
            await turn();
            model.drain();
            expect(served).toEqual(model.served);
        }
        expect([semaphore.active, semaphore.waiting]).toEqual([model.active, model.line.length]);
      }
      // Nothing is lost: who waits is served in the end, and every slot comes back.
      semaphore.max = Number.POSITIVE_INFINITY;
      await turn();
      expect(semaphore.waiting).toBe(0);
      expect(waiting.size).toBe(0);
      for (const lease of held) lease.cancel();
      expect(semaphore.active).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test("JSON.stringify writes a semaphore's counters, also while somebody waits", async () => {
  const clock = new VirtualClock();
  const semaphore = new Semaphore(1, { clock });
  expect(semaphore.oldest).toBe(0);
  const lease = semaphore.tryAcquire()!;
  const waiting = semaphore.acquire();
  clock.advance(20);
  expect(JSON.parse(JSON.stringify(semaphore))).toEqual({ max: 1, active: 1, waiting: 1, available: 0, oldest: 20 });
  lease.cancel();
  (await waiting).cancel();
});
