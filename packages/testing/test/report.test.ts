import { AsyncLocalStorage } from "node:async_hooks";
import { gate, identity, Semaphore } from "@sluice/core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { checkContract, type PromiseNumber } from "../src/contract/index.ts";
import { VirtualClock } from "../src/index.ts";
import { BrokenGate } from "./helper/broken-gate.ts";
import { LateLimit } from "./helper/late-capacity.ts";
import { lateReservation } from "./helper/late-reservation.ts";
import { ownPlaces } from "./helper/own-places.ts";
import { wrapped } from "./helper/wrapped.ts";

const quick = { runs: 30, seed: 3 };

function verdictOf(report: Awaited<ReturnType<typeof checkContract>>, number: PromiseNumber): string | undefined {
  return report.findings.find((finding) => finding.number === number)?.verdict;
}

describe("the report", () => {
  test("has a finding for each of the fourteen promises, in order", async () => {
    const report = await checkContract(() => identity(), quick);
    expect(report.findings.map(({ number }) => number)).toEqual(Array.from({ length: 14 }, (_, index) => index + 1));
    expect([report.layer, report.seed, report.runs]).toEqual(["identity", 3, 30]);
  });

  test("when a promise is broken: says which, how, and the shortest way there; and the seed repeats it", async () => {
    const make = () => wrapped({ again: true });
    const report = await checkContract(make, { seed: 3 });
    expect(report.ok).toBe(false);
    const [finding] = report.broken;
    expect(finding?.name).toBe("Spent once");
    // Nobody can be shown a second use of a permit in fewer steps than: have it, use it, use it again.
    const steps = finding?.schedule?.filter((line) => /tryReady|ready\(|permit\.|call\(/.test(line));
    expect(steps).toHaveLength(3);
    const again = await checkContract(make, { seed: report.seed });
    expect(again.toString()).toBe(report.toString());
    expect(report.toString()).toContain("{ seed: 3, runs: 500 } repeats them");
    expect(() => {
      report.assert();
    }).toThrow(report.toString());
  });

  test("with a path: runs that schedule alone, and says so", async () => {
    let made = 0;
    const make = () => {
      made++;
      return wrapped({ again: true });
    };
    const { broken, seed } = await checkContract(make, { seed: 3 });
    const [{ number, path, schedule } = {}] = broken;
    made = 0;
    const again = await checkContract(make, { seed, path });
    expect(again.broken.map((finding) => [finding.number, finding.schedule])).toEqual([[number, schedule]]);
    expect([again.runs, verdictOf(again, 1)]).toEqual([1, "not applicable"]);
    // What is found out first about any layer, and the one schedule.
    expect(made).toBe(4);
  });

  test("a breach that is in every check: has no path, and no less a schedule", async () => {
    const report = await checkContract(
      () => wrapped({ tryReady: (inner, request) => (request === undefined ? undefined : inner.tryReady(request)) }),
      quick,
    );
    const blind = report.broken.find(({ number }) => number === 10);
    expect(blind?.schedule).toEqual(["tryReady(): none"]);
    expect(blind?.path).toBeUndefined();
    expect(report.toString()).toContain("promised  A blind reservation is still answered");
  });

  test("a layer that adds more than one microtask to answers is told so, where it may", async () => {
    const make = () => wrapped({ call: async (next) => Promise.resolve(await next()) });
    const remark = /11 Free where idle: an answer came \d+ microtasks later/;
    expect((await checkContract(make, quick)).toString()).toMatch(remark);
    expect(verdictOf(await checkContract(make, { ...quick, observes: true }), 11)).toBe("broken");
  });

  test("a limit that asks inside first is taken to join two services, unless it is said that it does not", async () => {
    const make = () => ownPlaces(2, { insideFirst: true });
    const report = await checkContract(make, quick);
    expect(report.toString()).toContain("ok    9 All or nothing: it asks the service inside although it has no room");
    expect(verdictOf(await checkContract(make, { ...quick, joins: false }), 9)).toBe("broken");
  });

  test("when a layer breaks a promise once and never again: that counts, and is told as it was seen", async () => {
    let released = 0;
    const make = () =>
      wrapped({
        release(release) {
          if (++released !== 100) release();
        },
      });
    const report = await checkContract(make, { seed: 3 });
    expect(released).toBeGreaterThan(100);
    expect(report.broken.find(({ number }) => number === 3)?.schedule).toContain("permit.release()");
  });

  test("the seed repeats what Math.random says as well", async () => {
    const drawn = async (seed: number): Promise<ReadonlySet<number>> => {
      const numbers = new Set<number>();
      const make = () => wrapped({ call: (next) => (numbers.add(Math.random()), next()) });
      await checkContract(make, { runs: 5, seed });
      return numbers;
    };
    expect(await drawn(1)).toEqual(await drawn(1));
    expect(await drawn(1)).not.toEqual(await drawn(2));
  });

  test("when no seed is given: chooses one, another each time", async () => {
    const seeds = [
      await checkContract(() => identity(), { runs: 1 }),
      await checkContract(() => identity(), { runs: 1 }),
    ];
    expect(seeds[0]?.seed).not.toBe(seeds[1]?.seed);
  });

  test("a layer that is told to be ready only when the service inside is, and is not, breaks promise 1", async () => {
    const make = () => wrapped({ tryReady: lateReservation });
    expect(verdictOf(await checkContract(make, quick), 1)).toBe("not applicable");
    expect(verdictOf(await checkContract(make, { ...quick, absorbs: false }), 1)).toBe("broken");
  });

  test("a layer with something of its own to do first may start the work later", async () => {
    const make = () => wrapped({ call: (next) => Promise.resolve().then(() => next()) });
    expect(verdictOf(await checkContract(make, quick), 11)).toBe("broken");
    expect(verdictOf(await checkContract(make, { ...quick, defers: true }), 11)).toBe("held");
  });

  test("capacity that arrives in the background is waited for, on the virtual clock, by what make returned", async () => {
    const told = new Set<unknown>();
    const made: LateLimit[] = [];
    const report = await checkContract(
      ({ clock }) => {
        const limit = new LateLimit(2, clock);
        made.push(limit);
        return limit;
      },
      {
        ...quick,
        ready(limit) {
          told.add(limit);
          return limit.arrived;
        },
      },
    );
    expect(report.toString()).not.toMatch(/FAIL|never ready/);
    // Not those that are found out about by themselves, or put into another.
    expect(told.size).toBeGreaterThan(quick.runs);
    expect(made.filter((limit) => !told.has(limit))).toEqual([]);
  });

  test("when that never arrives: there is no room, and the check comes to its end", async () => {
    const never = { ...quick, ready: () => new Promise(() => {}) };
    const report = await checkContract(({ clock }) => new LateLimit(2, clock), never);
    expect(report.toString()).not.toContain("FAIL");
    const none = await checkContract(() => new Semaphore(0), never);
    expect(none.toString()).toContain("11 Free where idle: it was never ready");
  });

  test("when ready rejects: so does the check, and the process is as it was", async () => {
    const before = Math.random;
    const check = checkContract(() => identity(), { ...quick, ready: () => Promise.reject(new Error("no store")) });
    await expect(check).rejects.toThrow("no store");
    expect(Math.random).toBe(before);
  });

  test("requests and responses are those that are given", async () => {
    const seen = new Set<unknown>();
    const make = () =>
      wrapped({
        call: (next, _options, request) => {
          seen.add(request);
          return next().then((response) => {
            seen.add(response);
            return response;
          });
        },
      });
    await checkContract(make, { ...quick, requests: ["a", "b"], responses: ["A"] });
    expect(seen).toEqual(new Set(["a", "b", "A"]));
  });

  test("a timer that is armed without end, or throws, is a finding and not a hang", async () => {
    const endless = await checkContract(
      ({ clock }) => {
        const again = (): void => {
          clock.setTimeout(again, 0);
        };
        again();
        return identity();
      },
      { runs: 2, seed: 3 },
    );
    expect(verdictOf(endless, 13)).toBe("broken");
    const ticking = await checkContract(
      ({ clock }) => {
        const tick = (): void => {
          clock.setTimeout(tick, 1);
        };
        tick();
        return identity();
      },
      { runs: 2, seed: 3 },
    );
    expect(verdictOf(ticking, 13)).toBe("broken");
  });

  test("a layer that waits for a timer of the system is told of that, and not only that something never settles", async () => {
    const late = async <T>(answer: Promise<T>): Promise<T> => {
      await answer;
      await new Promise((resolve) => setTimeout(resolve, 1));
      return answer;
    };
    const report = await checkContract(() => wrapped({ call: (next) => late(next()) }), quick);
    expect(report.broken.find(({ number }) => number === 13)?.detail).toBe("setTimeout was used");
  });

  test("a layer whose waiters never hear of anything breaks promise 3", async () => {
    const make = () => wrapped({ ready: () => new Promise(() => {}) });
    expect(verdictOf(await checkContract(make, { seed: 3 }), 3)).toBe("broken");
  });
});

describe("promise 14", () => {
  const verdict = async (bad: NonNullable<Parameters<typeof checkContract>[1]>["badOptions"]): Promise<string> => {
    const report = await checkContract(() => identity(), { ...quick, badOptions: bad });
    const finding = report.findings.find(({ number }) => number === 14);
    return `${finding?.verdict}: ${finding?.detail}`;
  };
  const throwing = (error: unknown) => () => {
    throw error;
  };

  test("when no bad options are given, does not apply", async () => {
    expect(await verdict([])).toBe("not applicable: no bad options were given");
  });

  test("is held where each is refused by name", async () => {
    expect(await verdict([() => new Semaphore(-1), () => new Semaphore(Number.NaN)])).toMatch(/^held/);
    const make = (max: number): Semaphore => new Semaphore(max);
    const values = [-1, 1.5, "2", null, undefined, 3n, {}, () => {}];
    expect(await verdict(values.map((value) => ({ option: "max", value, make })))).toMatch(/^held/);
  });

  test("is broken where one is not refused", async () => {
    expect(await verdict([() => new Semaphore(-1), () => new Semaphore(1)])).toContain("broken: badOptions[1] was not");
    const make = (): void => {};
    expect(await verdict([{ option: "max", value: -1, make }])).toContain("broken: max -1 was not refused");
  });

  test("is broken where the error is another, or names too little", async () => {
    expect(await verdict([throwing(new Error("max -1"))])).toContain("something other than");
    expect(await verdict([throwing(new RangeError("bad"))])).toContain("does not name the value");
    const option = { option: "max", value: -1 };
    expect(await verdict([{ ...option, make: throwing(new RangeError("-1 is bad")) }])).toContain("name the option");
    expect(await verdict([{ ...option, make: throwing(new RangeError("max is bad")) }])).toContain("name the value");
  });
});

describe("the process, meanwhile", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  test("is as it was when the check is over", async () => {
    const state = () => [setTimeout, ...[Date, performance, AbortSignal, Math].map(Object.getOwnPropertyDescriptors)];
    const before = state();
    const listeners = process.listeners("unhandledRejection");
    await checkContract(() => identity(), quick);
    await expect(
      checkContract(() => {
        throw new RangeError("no layer today");
      }),
    ).rejects.toThrow("no layer today");
    expect(state()).toEqual(before);
    expect(process.listeners("unhandledRejection")).toEqual(listeners);
  });

  test("when checks are begun together: they run one after the other, also when one rejects", async () => {
    const before = [setTimeout, Math.random, ...process.listeners("unhandledRejection")];
    const made: string[] = [];
    const making = (name: string) => () => {
      made.push(name);
      return identity();
    };
    const [first, second] = await Promise.all([
      checkContract(making("first"), { runs: 5, seed: 3 }),
      checkContract(making("second"), { runs: 5, seed: 3 }),
      expect(
        checkContract(() => {
          throw new RangeError("no layer today");
        }),
      ).rejects.toThrow("no layer today"),
    ]);
    expect([first.ok, second.ok]).toEqual([true, true]);
    expect(made.join()).toMatch(/^(first,)+(second,)*second$/);
    expect([setTimeout, Math.random, ...process.listeners("unhandledRejection")]).toEqual(before);
    expect((await checkContract(() => identity(), { runs: 1 })).ok).toBe(true);
  });

  test("a layer that was given no clock is driven by virtual time all the same", async () => {
    const report = await checkContract(() => gate(new Semaphore(1), { name: "one" }), quick);
    expect(report.ok).toBe(true);
  });

  test("where the global process is not the one of the platform, as under Jest: unhandled rejections are seen all the same", async () => {
    const real = process;
    const getBuiltinModule = (name: string): unknown =>
      name === "node:vm" ? { runInThisContext: () => real } : real.getBuiltinModule(name);
    vi.stubGlobal("process", { getBuiltinModule, on() {}, removeListener() {}, listeners: () => [] });
    const kept = await checkContract(() => gate(new BrokenGate(2), { name: "own" }), quick);
    const hiding = (answer: Promise<unknown>): Promise<unknown> => {
      answer.catch(() => {});
      return answer;
    };
    const broken = await checkContract(() => wrapped({ call: (next) => hiding(next()) }), quick);
    vi.unstubAllGlobals();
    expect(kept.toString()).not.toContain("FAIL");
    expect(broken.broken.map(({ number }) => number)).toEqual([11]);
  });

  test("where there is no MessageChannel, as under Jest with jsdom: unhandled rejections are seen all the same", async () => {
    vi.stubGlobal("MessageChannel", undefined);
    const kept = await checkContract(() => gate(new Semaphore(1), { name: "one" }), quick);
    const hiding = (answer: Promise<unknown>): Promise<unknown> => {
      answer.catch(() => {});
      return answer;
    };
    const broken = await checkContract(() => wrapped({ call: (next) => hiding(next()) }), quick);
    vi.unstubAllGlobals();
    expect(kept.ok).toBe(true);
    expect(broken.broken.map(({ number }) => number)).toEqual([11]);
  });

  test("where Node's modules are there and not all that they do, as in Workers: layers are checked all the same", async () => {
    const real = process;
    const notImplemented = (): never => {
      throw new Error("It is not implemented");
    };
    class Storage<T> extends AsyncLocalStorage<T> {
      override disable(): void {
        notImplemented();
      }
    }
    const modules: Readonly<Record<string, unknown>> = {
      "node:vm": { runInThisContext: notImplemented },
      "node:async_hooks": { AsyncLocalStorage: Storage },
    };
    const getBuiltinModule = (name: string): unknown => modules[name] ?? real.getBuiltinModule(name);
    vi.stubGlobal("process", Object.assign(Object.create(real) as object, { getBuiltinModule }));
    const report = await checkContract(() => gate(new Semaphore(1), { name: "one" }), quick);
    vi.unstubAllGlobals();
    expect(report.ok).toBe(true);
  });

  test("where the platform has neither async context nor reports of unhandled rejections: says what it cannot see", async () => {
    vi.stubGlobal("process", undefined);
    vi.stubGlobal("setImmediate", undefined);
    const report = await checkContract(() => gate(new BrokenGate(2), { name: "own" }), quick);
    vi.unstubAllGlobals();
    expect(report.toString()).toContain("8 Context: there is no AsyncLocalStorage here");
    expect(report.ok).toBe(true);
  });
});

describe("bad arguments of checkContract itself", () => {
  const bad: readonly (readonly [options: object, message: string])[] = [
    [{ requests: [] }, "requests must be an array of 1 or more; received an array"],
    [{ responses: 1 }, "responses must be an array of 1 or more; received 1"],
    [{ badOptions: "x" }, 'badOptions must be an array of 0 or more; received "x"'],
    [{ absorbs: 1 }, "absorbs must be true or false; received 1"],
    [{ joins: 1 }, "joins must be true or false; received 1"],
    [{ observes: "no" }, 'observes must be true or false; received "no"'],
    [{ defers: 0 }, "defers must be true or false; received 0"],
    [{ orders: "lifo" }, 'orders must be true or false; received "lifo"'],
    [{ answers: 1 }, "answers must be true or false; received 1"],
    [{ warms: null }, "warms must be true or false; received null"],
    [{ ready: true }, "ready must be a function; received true"],
    [{ seed: 1, path: 5 }, "path must be a string; received 5"],
    [{ seed: 1, path: "1:x" }, 'path must be numbers between colons; received "1:x"'],
    [{ path: "1:0" }, "seed must be a number where there is a path; received undefined"],
    [{ runs: 0 }, "runs must be a whole number of 1 or more; received 0"],
    [{ seed: 0.5 }, "seed must be a whole number"],
  ];

  test.each(bad)("%o", async (options, message) => {
    await expect(checkContract(() => identity(), options)).rejects.toThrow(`checkContract: ${message}`);
  });

  test("what makes no layer", async () => {
    // @ts-expect-error not a function
    await expect(checkContract(identity())).rejects.toThrow("checkContract: make must be a function");
    // @ts-expect-error not a layer
    await expect(checkContract(() => 1)).rejects.toThrow("make must return a layer or a gate");
    // @ts-expect-error not a layer
    await expect(checkContract(() => new VirtualClock())).rejects.toThrow(TypeError);
  });
});
