import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { around, type Stack, stackOf, stackService } from "../src/internal.ts";
import { timeOf } from "../src/kit.ts";
import { Foreign } from "./helper/foreign.ts";
import {
  type Clock,
  gate,
  middleware,
  Semaphore,
  type SemaphoreOptions,
  type Service,
  serviceFn,
  systemClock,
} from "../src/index.ts";

let time: number;
let readings: number;

beforeEach(() => {
  time = 0;
  readings = 0;
  vi.spyOn(performance, "now").mockImplementation(() => {
    readings++;
    return time;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** A semaphore that reads the time for each holder, since `oldest` has been read. */
function observed(max: number, options?: SemaphoreOptions): Semaphore {
  const semaphore = new Semaphore(max, options);
  expect(semaphore.oldest).toBe(0);
  readings = 0;
  return semaphore;
}

const limited = (inner: Service<unknown, unknown>, ...semaphores: Semaphore[]): Service<unknown, unknown> =>
  semaphores.reduceRight((service, semaphore) => gate(semaphore, { name: "limit" }).wrap(service), inner);
const never = serviceFn(() => new Promise(() => {}));

/** The ways into a stack. */
const ways: Record<string, (service: Service<unknown, unknown>) => unknown> = {
  call: (service) => service.call("x"),
  tryReady: (service) => service.tryReady(),
  ready: (service) => service.ready(),
};

describe("the system's clock", () => {
  test.each(Object.keys(ways))("is read once for all layers that %s passes in one go", (way) => {
    const semaphores = [observed(9), observed(9), observed(9)];
    const service = limited(never, ...semaphores);
    ways[way]!(service);
    expect(readings).toBe(1);
    time = 5;
    ways[way]!(service);
    expect(readings).toBe(2);
    time = 7;
    for (const { oldest, active } of semaphores) expect({ oldest, active }).toEqual({ oldest: 7, active: 2 });
  });

  test("is read once for all layers that a caller passes whose turn has come", async () => {
    const line = new Semaphore(0);
    void limited(never, line, observed(9), observed(9), observed(9)).call("x");
    line.max = 1;
    await Promise.resolve();
    expect(readings).toBe(1);
  });

  test("is read anew for what the innermost service does, however long it takes before", () => {
    const other = observed(1);
    const service = limited(
      serviceFn(() => {
        time = 50;
        other.tryAcquire();
      }),
      observed(9),
    );
    void service.call("x");
    expect(other.oldest).toBe(0);
    time = 60;
    expect(other.oldest).toBe(10);
  });

  test("is read anew behind a middleware, which may take its time", () => {
    const inside = observed(9);
    const slow = middleware("slow", (request, next, options) => {
      time = 50;
      return next(request, options);
    });
    const late = middleware("late", (request, _next, options) => limited(never, inside).call(request, options));
    void limited(slow.wrap(late.wrap(never)), observed(9)).call("x");
    time = 60;
    expect(inside.oldest).toBe(10);
  });

  test("is read anew for another service that is called on the way", () => {
    const [outside, inside, after] = [observed(9), observed(9), observed(9)];
    const other = limited(never, inside);
    const service = limited(
      serviceFn(() => {
        time = 50;
        void other.call("y");
        time = 80;
        after.tryAcquire();
      }),
      outside,
    );
    void service.call("x");
    time = 100;
    expect([outside, inside, after].map(({ oldest }) => oldest)).toEqual([100, 50, 20]);
  });

  test("is read anew in a middleware", () => {
    const own = observed(1);
    const slow = middleware("slow", (request, next, options) => {
      time = 50;
      own.tryAcquire();
      return next(request, options);
    });
    void limited(slow.wrap(never), observed(9)).call("x");
    time = 60;
    expect(own.oldest).toBe(10);
  });

  test("is read anew in a service of another's making", () => {
    const own = observed(1);
    const foreign = new Foreign(1, () => {
      time = 50;
      own.tryAcquire();
    });
    void limited(foreign, observed(9)).call("x");
    time = 60;
    expect(own.oldest).toBe(10);
  });

  test("is read once for all layers that the call of a permit passes, and anew after one that reached nobody", () => {
    const looking = (inner: Stack, goesOn: boolean): Stack =>
      around(inner, {
        start({ inner: rest }, request, options, edge) {
          timeOf(systemClock);
          return goesOn ? rest.start(request, options, edge) : new Promise(() => {});
        },
        cancel({ inner: rest }) {
          rest.cancel();
        },
      });
    const permit = stackService(looking(looking(stackOf(never), false), true)).tryReady();
    void permit?.call("x");
    expect(readings).toBe(1);
    time = 50;
    expect(timeOf(systemClock)).toBe(50);
  });

  test("is read anew after a caller who waited has gone on to the next line", async () => {
    const [outer, inner, some, other] = [observed(0), observed(0), observed(1), observed(1)];
    void limited(never, outer, inner).ready();
    outer.max = 1;
    await Promise.resolve();
    expect(inner.waiting).toBe(1);
    // As timers do, each at its time.
    time = 50;
    some.tryAcquire();
    time = 90;
    other.tryAcquire();
    time = 100;
    expect([some.oldest, other.oldest]).toEqual([50, 10]);
  });

  test.each(["tryReady", "ready", "call"])("is read anew after a %s that was refused or failed", (way) => {
    const full = observed(0);
    const failing = serviceFn(() => {
      throw new Error("no");
    });
    void limited(failing, observed(9))
      .call("x")
      .catch(() => {});
    ways[way]!(limited(never, observed(9), full));
    const later = observed(1);
    time = 50;
    later.tryAcquire();
    time = 60;
    expect(later.oldest).toBe(10);
  });
});

test("no clock is read for a semaphore whose oldest nobody has read", () => {
  void limited(never, new Semaphore(9), new Semaphore(9)).call("x");
  expect(readings).toBe(0);
});

test("a clock of one's own is read by each layer", () => {
  let own = 0;
  const clock: Clock = { ...systemClock, now: () => own++ };
  const first = observed(9, { clock });
  const second = observed(9, { clock });
  own = 0;
  void limited(never, first, second).call("x");
  expect(own).toBe(2);
  expect(readings).toBe(0);
});
