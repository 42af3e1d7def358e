import { describe, expect, test } from "vitest";
import { identity, OverloadedError, systemClock } from "../src/index.ts";
import {
  readOption,
  readOptions,
  requireArray,
  requireBoolean,
  requireClock,
  requireDuration,
  requireFunction,
  requireMethods,
  requireNear,
  requireNoPromise,
  requireNumber,
  requireObject,
  requireOneOf,
  requireService,
  show,
} from "../src/kit.ts";
import { answering } from "./helper/leaf.ts";

/** What `run` throws. */
function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

describe("show", () => {
  test.each<[unknown, string]>([
    [undefined, "undefined"],
    [null, "null"],
    [true, "true"],
    [-0.5, "-0.5"],
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "Infinity"],
    [10n, "10n"],
    [Symbol("s"), "Symbol(s)"],
    ["text", '"text"'],
    ['a "quoted" text', String.raw`"a \"quoted\" text"`],
    ["x".repeat(41), `"${"x".repeat(40)}…"`],
    ["x".repeat(40), `"${"x".repeat(40)}"`],
    [() => 1, "a function"],
    [OverloadedError, "a function (OverloadedError)"],
    [Object.assign(() => 1, { x: 1 }), "a function"],
    [Object.defineProperty(() => 1, "name", { value: "two words" }), "a function"],
    // What stands beside each other in a stack is easily taken for each other.
    [answering(1), "a service"],
    [identity(), "an object (identity)"],
    [[1, 2], "an array"],
    [{}, "an object"],
    [Object.create(null), "an object"],
  ])("%o as %s", (value, shown) => {
    expect(show(value)).toBe(shown);
  });

  test("never throws, whatever the value", () => {
    const hostile = {
      toString: () => {
        throw new Error("no");
      },
      toJSON: () => {
        throw new Error("no");
      },
    };
    expect(show(hostile)).toBe("an object");
    const nameless = Object.defineProperty(() => 1, "name", {
      get: () => {
        throw new Error("no");
      },
    });
    expect(show(nameless)).toBe("a function");
    expect(show(Object.defineProperty(() => 1, "name", { value: Symbol("s") }))).toBe("a function");
    expect(show(revoked())).toBe("an object");
  });
});

describe("readOptions", () => {
  test("reads the named members, each once, and leaves out those that are undefined", () => {
    let reads = 0;
    const options = {
      get a() {
        return ++reads;
      },
      b: undefined,
      c: 3,
    };
    expect(readOptions("owner", options, ["a", "b", "c"])).toStrictEqual({ a: 1, c: 3 });
    expect(reads).toBe(1);
  });

  test("takes undefined for none, and inherited members for members", () => {
    expect(readOptions<{ a: number }>("owner", undefined, ["a"])).toStrictEqual({});
    expect(readOptions("owner", Object.create({ a: 1 }) as { a: number }, ["a"])).toStrictEqual({ a: 1 });
  });

  test.each([null, 5, "text", () => 1, Symbol("s"), [], [5]])("refuses %o", (options) => {
    const error = thrownBy(() => readOptions("owner", options as never, []));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ message: `owner: options must be an object; received ${show(options)}` });
  });

  test("a service in the place of options is told by what it is, and not by its members", () => {
    const error = thrownBy(() => readOptions("fallback", answering(1) as never, ["to"]));
    expect(error).toMatchObject({ message: "fallback: options must be an object; received a service" });
  });

  test.each<[string, readonly string[], string]>([
    ["untill", ["until", "clock"], "did you mean until?"],
    ["cap", ["capacity", "clock"], "did you mean capacity?"],
    ["retries", ["maxRetries", "retryIf"], "did you mean maxRetries?"],
    ["sginal", ["request", "signal", "deadline"], "did you mean signal?"],
    ["Limit", ["limit", "interval"], "did you mean limit?"],
    // One name begins with another.
    ["timeou", ["time", "timeout"], "did you mean timeout?"],
    ["timeou", ["timeout", "time"], "did you mean timeout?"],
    ["maxWaitin", ["max", "maxWaiting"], "did you mean maxWaiting?"],
    ["times", ["time", "timeout"], "did you mean time?"],
    // As far off as another word.
    ["grin", ["clock", "main"], "the options are clock, main"],
    ["timeout", ["signal", "deadline"], "the options are signal, deadline"],
    ["on", ["only"], "the options are only"],
    ["", ["a"], "the options are a"],
    ["x", [], "there are no options"],
  ])("refuses an option that nobody knows, and names the nearest: %s of %o", (option, names, hint) => {
    const shown = option === "" ? '""' : option;
    const error = thrownBy(() => readOptions<Record<string, unknown>>("owner", { [option]: 1 }, names));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ message: `owner: ${shown} is not an option; ${hint}` });
  });

  test("refuses it although it is undefined, and shows a name that is no word as text", () => {
    const read = (options: object): unknown => thrownBy(() => readOptions<{ a?: number }>("owner", options, ["a"]));
    expect(read({ a: 1, b: undefined })).toMatchObject({ message: "owner: b is not an option; the options are a" });
    expect(read({ "x y\n": 1 })).toMatchObject({
      message: String.raw`owner: "x y\n" is not an option; the options are a`,
    });
  });

  test("lets symbols through, and what is inherited or not enumerable", () => {
    class Base {
      b = 1;
    }
    const hidden = Object.defineProperty({ a: 1, [Symbol("s")]: 2 }, "hidden", { value: 3 });
    expect(readOptions<{ a: number }>("owner", hidden, ["a"])).toStrictEqual({ a: 1 });
    expect(readOptions<{ a: number }>("owner", Object.create(new Base()) as { a: number }, ["a"])).toStrictEqual({});
  });

  test("names the options where a proxy does not list its members", () => {
    const cause = new Error("from a trap");
    const options = new Proxy(
      {},
      {
        ownKeys: () => {
          throw cause;
        },
      },
    );
    const error = thrownBy(() => readOptions<{ a?: number }>("owner", options, ["a"]));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ message: "owner: options could not be read; received a proxy that throws", cause });
  });

  test("names the member that cannot be read", () => {
    const cause = new Error("from a getter");
    const options = {
      get limit(): number {
        throw cause;
      },
    };
    const error = thrownBy(() => readOptions("owner", options, ["limit"]));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({
      message: "owner: limit could not be read; received a getter that throws",
      cause,
    });
  });
});

describe("readOption", () => {
  test("names the member as it is told to", () => {
    expect(readOption("owner", { a: 1 }, "a", "policy.a")).toBe(1);
    const holder = {
      get a(): never {
        throw new Error("from a getter");
      },
    };
    expect(() => readOption("owner", holder, "a", "policy.a")).toThrow(
      /^owner: policy\.a could not be read; received /,
    );
  });
});

describe("requireArray", () => {
  test("refuses what is none, and one that is too short", () => {
    for (const value of [undefined, null, 5, "text", {}, revoked(), []]) {
      const error = thrownBy(() => {
        requireArray("owner", "list", value, "an array of 1 or more", 1);
      });
      expect(error).toBeInstanceOf(TypeError);
      expect(error).toMatchObject({ message: `owner: list must be an array of 1 or more; received ${show(value)}` });
    }
  });

  test("takes one of that length", () => {
    expect(() => requireArray("owner", "list", [], "an array")).not.toThrow();
    expect(() => requireArray("owner", "list", [1], "an array of 1 or more", 1)).not.toThrow();
  });
});

describe("requireNoPromise", () => {
  test("refuses what an async function answers with", () => {
    expect(() => requireNoPromise("retry", "retryIf", "true or false", Promise.resolve(false))).toThrow(
      new TypeError("retry: what retryIf returns must be true or false, and not a promise of one; received an object"),
    );
  });

  test("takes anything else, and what does not let itself be looked at", () => {
    const unreadable = {
      // oxlint-disable-next-line unicorn/no-thenable -- it is what is tested
      get then(): never {
        throw new Error("no");
      },
    };
    // oxlint-disable-next-line unicorn/no-thenable -- likewise
    for (const answer of [true, undefined, null, 0, "a", {}, { then: 5 }, unreadable]) {
      expect(() => requireNoPromise("owner", "option", "true or false", answer)).not.toThrow();
    }
  });
});

describe("requireObject", () => {
  test("says what it wants of a value that is none", () => {
    expect(() => requireObject("owner", "window", 5, "an object with time (ms)")).toThrow(
      new TypeError("owner: window must be an object with time (ms); received 5"),
    );
    expect(() => requireObject("owner", "window", null)).toThrow(
      new TypeError("owner: window must be an object; received null"),
    );
    expect(() => requireObject("owner", "window", {}, "an object with time (ms)")).not.toThrow();
  });
});

describe("requireNumber", () => {
  const accepted: [number, Parameters<typeof requireNumber>[3]][] = [
    [0, { min: 0 }],
    [0.5, { min: 0 }],
    [1, { min: 0, max: 1 }],
    [0.001, { min: 0, above: true }],
    [0.999, { min: 0, max: 1, below: true }],
    [3, { min: 0, integer: true }],
    [Number.POSITIVE_INFINITY, { min: 0, infinity: true }],
    [Number.POSITIVE_INFINITY, { min: 0, integer: true, infinity: true }],
    [Number.MAX_SAFE_INTEGER, { min: 0, integer: true }],
    [-5, { min: -5 }],
  ];
  test.each(accepted)("takes %d where %o", (value, range) => {
    expect(requireNumber("owner", "option", value, range)).toBe(value);
  });

  const refused: [number, Parameters<typeof requireNumber>[3], string][] = [
    [-1, { min: 0 }, "a number of 0 or more"],
    [Number.NaN, { min: 0 }, "a number of 0 or more"],
    [Number.POSITIVE_INFINITY, { min: 0 }, "a number of 0 or more"],
    [0, { min: 0, above: true }, "a number above 0"],
    [1.5, { min: 0, integer: true }, "a whole number of 0 or more"],
    [1.001, { min: 0, max: 1 }, "a number of 0 or more and at most 1"],
    [1, { min: 0, max: 1, below: true }, "a number of 0 or more and below 1"],
    [95, { min: 0, max: 1, above: true, below: true }, "a number above 0 and below 1"],
    [Number.NaN, { min: 0, infinity: true }, "a number of 0 or more, or Infinity"],
    [Number.NEGATIVE_INFINITY, { min: 0, infinity: true }, "a number of 0 or more, or Infinity"],
    [0, { min: 1, integer: true, infinity: true }, "a whole number of 1 or more, or Infinity"],
  ];
  test.each(refused)("refuses %d where %o", (value, range, wanted) => {
    const error = thrownBy(() => requireNumber("owner", "option", value, range));
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: `owner: option must be ${wanted}; received ${value}` });
  });

  test.each([undefined, null, "5", 5n, [5], { valueOf: () => 5 }, true])("refuses %o, which is no number", (value) => {
    const error = thrownBy(() => requireNumber("owner", "option", value, { min: 0 }));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({
      message: `owner: option must be a number of 0 or more; received ${show(value)}`,
    });
  });
});

describe("requireDuration", () => {
  test.each([0, 0.5, 1000, 2 ** 31 - 1])("takes %d", (ms) => {
    expect(requireDuration("owner", "interval", ms)).toBe(ms);
  });

  test.each([-1, 2 ** 31, Number.POSITIVE_INFINITY, Number.NaN])("refuses %d", (ms) => {
    const error = thrownBy(() => requireDuration("owner", "interval", ms));
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({
      message: `owner: interval must be a number of 0 or more and at most 2147483647; received ${ms}`,
    });
  });

  test("refuses 0 where it must be above", () => {
    expect(() => requireDuration("owner", "interval", 0, { above: true })).toThrow(RangeError);
    expect(requireDuration("owner", "interval", 1, { above: true })).toBe(1);
  });
});

describe("requireNear", () => {
  test.each([1_000, 1_000 - 5, 1_000 + 2 ** 31 - 1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "takes %d where it is 1000",
    (deadline) => {
      expect(() => requireNear("owner", deadline, 1_000)).not.toThrow();
    },
  );

  test.each([1_000 + 2 ** 31, 1.7e12])("refuses %d, which is further off than a timer can be set", (deadline) => {
    expect(() => requireNear("owner", deadline, 1_000)).toThrow(RangeError);
    expect(() => requireNear("owner", deadline, 1_000)).toThrow(
      new RegExp(`^owner: deadline must be at most 2147483647 ms from now, .* it is now 1000; received ${deadline}$`),
    );
  });
});

describe("requireBoolean", () => {
  test.each([true, false])("%s", (value) => {
    expect(requireBoolean("owner", "option", value)).toBe(value);
  });

  test.each([undefined, null, 0, 1, "true", () => true, {}])("refuses %o", (value) => {
    expect(() => requireBoolean("owner", "option", value)).toThrow(
      new TypeError(`owner: option must be true or false; received ${show(value)}`),
    );
  });
});

describe("requireFunction, requireMethods, requireService", () => {
  test("a function in the place of a service is told what makes a service of it", () => {
    expect(() => {
      requireService("ServiceBuilder", "service", thrownBy);
    }).toThrow(
      new TypeError(
        "ServiceBuilder: service must be a service, as serviceFn makes of a function (with tryReady, ready, call); received a function (thrownBy)",
      ),
    );
  });

  test("take what has them", () => {
    const callable = Object.assign(() => 1, { go() {} });
    class Inherits {
      go(): void {}
    }
    for (const run of [
      () => {
        requireFunction("owner", "option", () => 1);
      },
      () => {
        requireMethods("owner", "option", { go() {} }, "a goer", ["go"]);
      },
      () => {
        requireMethods("owner", "option", new Inherits(), "a goer", ["go"]);
      },
      () => {
        requireMethods("owner", "option", callable, "a goer", ["go"]);
      },
      () => {
        requireService("owner", "inner", answering(1));
      },
    ]) {
      expect(thrownBy(run)).toBeUndefined();
    }
  });

  test.each([undefined, null, 5, "go", {}, { go: 1 }])("refuse what has not: %o", (value) => {
    const error = thrownBy(() => {
      requireMethods("owner", "option", value, "a goer", ["go"]);
    });
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ message: `owner: option must be a goer (with go); received ${show(value)}` });
    expect(() => {
      requireFunction("owner", "option", value);
    }).toThrow(`owner: option must be a function; received ${show(value)}`);
    expect(() => {
      requireService("owner", "inner", value);
    }).toThrow(`owner: inner must be a service (with tryReady, ready, call); received ${show(value)}`);
  });
});

test("a revoked proxy, which tells nothing of itself, is refused like any other object", () => {
  const value = revoked();
  expect(() => {
    requireMethods("owner", "option", value, "a goer", ["go"]);
  }).toThrow("owner: option must be a goer (with go); received an object");
  expect(() => readOptions("owner", value as { a: 1 }, ["a"])).toThrow("owner: options could not be read");
});

describe("requireOneOf", () => {
  test("takes one of the few", () => {
    expect(requireOneOf("owner", "algorithm", "a", ["a", "b"])).toBe("a");
  });

  test("refuses another string with a RangeError, and anything else with a TypeError", () => {
    const other = thrownBy(() => requireOneOf("owner", "algorithm", "c", ["a", "b"]));
    expect(other).toBeInstanceOf(RangeError);
    expect(other).toMatchObject({ message: 'owner: algorithm must be one of "a", "b"; received "c"' });
    for (const value of [undefined, null, 5, {}, ["a"]]) {
      const error = thrownBy(() => requireOneOf("owner", "algorithm", value, ["a", "b"]));
      expect(error).toBeInstanceOf(TypeError);
      expect(error).toMatchObject({ message: `owner: algorithm must be one of "a", "b"; received ${show(value)}` });
    }
  });
});

describe("requireClock", () => {
  test("answers with the clock that was given, or the system's", () => {
    const clock = { now: () => 0, setTimeout: () => 0, clearTimeout() {} };
    expect(requireClock("owner", clock)).toBe(clock);
    expect(requireClock("owner", undefined)).toBe(systemClock);
  });

  test("refuses what is no clock", () => {
    for (const value of [null, 5, {}, { now: () => 0 }, { now: 1, setTimeout() {}, clearTimeout() {} }]) {
      expect(() => requireClock("owner", value as never)).toThrow(
        `owner: clock must be a clock (with now, setTimeout, clearTimeout); received ${show(value)}`,
      );
    }
    const clock = { now: () => 0, setTimeout: () => 0, clearTimeout() {}, unref: true };
    expect(() => requireClock("owner", clock as never)).toThrow("owner: clock.unref must be a function; received true");
    const trap = {
      ...clock,
      get unref(): never {
        throw new Error("trap");
      },
    };
    expect(() => requireClock("owner", trap)).toThrow("owner: clock.unref could not be read");
  });
});
