/* oxlint-disable unicorn/no-thenable -- what throws, or tells twice, is what these are for */
import { type AnyLayer, type CallOptions, middleware, type Service, serviceFn } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { turn, unhandledIn, watch } from "@sluice/test-kit";
import type { VirtualClock } from "@sluice/testing";
import { filter, mapResponse, recover } from "@sluice/util";
import { describe, expect, test } from "vitest";
import { eachLayer } from "./helper/each-layer.ts";
import { faultsOf, type GuardedStack, guardedStack } from "./helper/guarded-stack.ts";
import { type Ending, hostileAnswers, hostilePromises } from "./helper/hostile-answer.ts";
import { revoked, untouchable } from "@sluice/test-kit";
import { permitOf } from "./helper/stacked.ts";
import { watchedAbort } from "./helper/watched-abort.ts";

type Make = (clock: VirtualClock) => AnyLayer;

const makers = Object.values(eachLayer);
const names = Object.keys(eachLayer);

/** Each layer alone, all layers in one stack, in both orders, and some stacks in between. */
const stacks: readonly (readonly [string, readonly Make[]])[] = [
  ...Object.entries(eachLayer).map(([name, make]) => [name, [make]] as const),
  ["all of them", makers],
  ["all of them, the other way round", [...makers].reverse()],
  ...[3, 5, 7, 11].map((step) => {
    const picked = makers.map((_, index) => (index * step + step) % makers.length).slice(0, 5);
    return [picked.map((index) => names[index]).join(" > "), picked.map((index) => makers[index]!)] as const;
  }),
];

/** Each way to call. */
const ways: Readonly<
  Record<string, (stack: GuardedStack, request: unknown, options?: CallOptions) => Promise<unknown>>
> = {
  "at once": ({ service }, request, options) => service.call(request, options),
  "by a permit": ({ service }, request, options) => permitOf(service, request).call(request, options),
  "by a blind permit": ({ service }, request, options) => permitOf(service).call(request, options),
  "after a wait": (stack, request, options) => {
    const unblock = stack.block();
    const answer = stack.service.call(request, options);
    unblock();
    return answer;
  },
};

/** The fault of a call's outcome; undefined where there is none. */
function misended(ending: Ending, [state, told]: readonly [string, unknown?]): string | undefined {
  if (ending === "a TypeError") return state === "broken" && told instanceof TypeError ? undefined : `was ${state}`;
  const [wanted, what] = "value" in ending ? ["kept", ending.value] : ["broken", ending.reason];
  return state === wanted && Object.is(told, what) ? undefined : `was ${state}`;
}

describe("promise 3 and 7: a hostile answer costs nothing", () => {
  test.each(stacks)("through %s", async (_name, layers) => {
    const faults: string[] = [];
    const reported = await unhandledIn(async () => {
      for (const [what, { handle, ending }] of hostileAnswers) {
        for (const [how, way] of Object.entries(ways)) {
          const stack = guardedStack(layers, serviceFn(handle));
          const abort = watchedAbort();
          const go = async (): Promise<string | undefined> => {
            const state = watch(way(stack, "a", { signal: abort.signal }));
            await stack.clock.advance(0);
            return misended(ending, state()) ?? (abort.listening > 0 ? "listens" : undefined);
          };
          faults.push(...(await faultsOf(`${what}, ${how}`, stack, go)));
        }
      }
    });
    expect(faults.join("\n")).toBe("");
    expect(reported).toEqual([]);
  });

  test.each(stacks)("and an ignored failure is reported once, through %s", async (_name, layers) => {
    const failures = [...hostileAnswers].filter(([, { ending }]) => ending === "a TypeError" || "reason" in ending);
    const counts: Record<string, number> = {};
    for (const [what, { handle }] of failures) {
      const { length } = await unhandledIn(() => void guardedStack(layers, serviceFn(handle)).service.call("a"));
      if (length !== 1) counts[what] = length;
    }
    expect(counts).toEqual({});
  });

  test.each(stacks)("nor does work that settles long after, and twice, through %s", async (_name, layers) => {
    const tell: ((value: unknown) => void)[] = [];
    const never = { then: (...told: ((value: unknown) => void)[]) => void tell.push(...told) };
    const stack = guardedStack(
      layers,
      serviceFn(() => never),
    );
    const ended = watch(stack.service.call("a"));
    await stack.clock.advance(20_000);
    const before = await stack.left();
    expect(before).not.toEqual([]);
    for (const each of tell) each("late");
    await stack.clock.advance(0);
    expect(ended()[0]).not.toBe("pending");
    expect(await stack.left()).toEqual([]);
  });
});

const requests: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["undefined", undefined],
  ["null", null],
  ["NaN", Number.NaN],
  ["-0", -0],
  ["a symbol", Symbol("request")],
  ["a function", (): never => expect.unreachable()],
  ["a frozen object", Object.freeze({ a: 1 })],
  ["an object of no class", Object.create(null)],
  ["a thenable that throws", { then: () => expect.unreachable() }],
  ["a promise", Promise.resolve(1)],
  ["a revoked proxy", revoked()],
  ["a proxy that throws", untouchable()],
]);

test.each(stacks)("promise 3 and 7: hostile requests reach the work as they are, through %s", async (_name, layers) => {
  const faults: string[] = [];
  for (const [what, request] of requests) {
    for (const [how, way] of Object.entries(ways)) {
      let arrived: unknown = "nothing";
      const leaf = serviceFn((received: unknown) => {
        arrived = received;
      });
      const stack = guardedStack(layers, leaf);
      const go = async (): Promise<string | undefined> => {
        await way(stack, request);
        return Object.is(arrived, request) ? undefined : "another arrived";
      };
      faults.push(...(await faultsOf(`${what}, ${how}`, stack, go)));
    }
  }
  expect(faults.join("\n")).toBe("");
});

const boom = new Error("boom");

function getterOf(name: string): object {
  return {
    get [name](): never {
      throw boom;
    },
  };
}

/** Values in the place of options, and what the error must name. */
const badOptions: ReadonlyMap<string, readonly [options: unknown, named: string | typeof boom]> = new Map<
  string,
  readonly [unknown, string | typeof boom]
>([
  ["null", [null, "options must be an object; received null"]],
  ["a number", [5, "options must be an object; received 5"]],
  ["a revoked proxy", [revoked(), "proxy"]],
  ["a signal that cannot be read", [getterOf("signal"), boom]],
  ["a deadline that cannot be read", [getterOf("deadline"), boom]],
  ["a signal that is null", [{ signal: null }, "signal must be an AbortSignal"]],
  ["a signal that is a number", [{ signal: 5 }, "signal must be an AbortSignal"]],
  ["a signal that is a plain object", [{ signal: { aborted: false } }, "signal must be an AbortSignal"]],
  ["a signal that is a controller", [{ signal: new AbortController() }, "signal must be an AbortSignal"]],
  ["a signal that is revoked", [{ signal: revoked() }, "signal must be an AbortSignal"]],
  ["a deadline that is null", [{ deadline: null }, "deadline must be a number; received null"]],
  ["a deadline that is a string", [{ deadline: "5" }, 'deadline must be a number; received "5"']],
  ["a deadline that is a bigint", [{ deadline: 5n }, "deadline must be a number; received 5n"]],
  ["a deadline that is a symbol", [{ deadline: Symbol("s") }, "deadline must be a number; received Symbol(s)"]],
  ["a deadline that is a date", [{ deadline: new Date() }, "deadline must be a number; received an object"]],
  ["a deadline that is NaN", [{ deadline: Number.NaN }, "deadline must be a number; received NaN"]],
]);

const badReadyOptions: typeof badOptions = new Map([
  ...badOptions,
  ["a request that cannot be read", [getterOf("request"), boom]],
]);

const badCallOptions: typeof badOptions = new Map([
  ...badOptions,
  ["a waitUntil that cannot be read", [getterOf("waitUntil"), boom]],
  ["a waitUntil that is null", [{ waitUntil: null }, "waitUntil must be a function; received null"]],
  ["a waitUntil that is a number", [{ waitUntil: 5 }, "waitUntil must be a function; received 5"]],
]);

function misrefused(named: string | typeof boom, [state, reason]: readonly [string, unknown?]): string | undefined {
  if (state !== "broken") return `was ${state}`;
  if (typeof named !== "string") return reason === named ? undefined : "another reason";
  const known = reason instanceof TypeError || reason instanceof RangeError;
  return known && reason.message.includes(named) ? undefined : `was refused with ${(reason as Error).message}`;
}

describe("promise 3, 7 and 14: options of a call that are none", () => {
  test.each(stacks)("are refused without a loss, through %s", async (_name, layers) => {
    const faults: string[] = [];
    let started = 0;
    const reported = await unhandledIn(async () => {
      for (const [what, [options, named]] of badCallOptions) {
        for (const [how, way] of Object.entries(ways)) {
          const stack = guardedStack(
            layers,
            serviceFn(() => started++),
          );
          const go = async (): Promise<string | undefined> => {
            const state = watch(way(stack, "a", options as CallOptions));
            await stack.clock.advance(0);
            return misrefused(named, state());
          };
          faults.push(...(await faultsOf(`${what}, ${how}`, stack, go)));
        }
      }
    });
    expect(faults.join("\n")).toBe("");
    expect(started).toBe(0);
    expect(reported).toEqual([]);
  });

  test.each(stacks)("nor are they where readiness is asked for, through %s", async (_name, layers) => {
    const faults: string[] = [];
    for (const [what, [options, named]] of badReadyOptions) {
      for (const blocked of [false, true]) {
        const stack = guardedStack(
          layers,
          serviceFn(() => "ok"),
        );
        const go = async (): Promise<string | undefined> => {
          const unblock = blocked ? stack.block() : undefined;
          const state = watch(stack.service.ready(options as CallOptions));
          await stack.clock.advance(0);
          unblock?.();
          await stack.clock.advance(0);
          return misrefused(named, state());
        };
        faults.push(...(await faultsOf(`${what}, ${blocked ? "waiting" : "at once"}`, stack, go)));
      }
    }
    expect(faults.join("\n")).toBe("");
  });

  test.each(stacks)("and those at the edge are none too many, through %s", async (_name, layers) => {
    const thrown = (): never => {
      throw boom;
    };
    const good: CallOptions[] = [
      {},
      Object.freeze({}),
      Object.create(null) as CallOptions,
      { signal: undefined, deadline: undefined, waitUntil: undefined },
      { deadline: Number.POSITIVE_INFINITY },
      { deadline: 2 ** 31 - 1 },
      { deadline: 0.5 },
      { waitUntil: () => {} },
      { waitUntil: thrown },
      { signal: new AbortController().signal },
    ];
    const reported = await unhandledIn(async () => {
      for (const options of good) {
        for (const way of Object.values(ways)) {
          const stack = guardedStack(
            layers,
            serviceFn(() => "ok"),
          );
          expect(await way(stack, "a", options)).toBe("ok");
          expect(await stack.left()).toEqual([]);
        }
      }
    });
    // Where work is registered, an error of their `waitUntil` is not the call's answer.
    expect(reported.filter((reason) => reason !== boom)).toEqual([]);
  });
});

test.each(stacks)("promise 6: work of any make may be handed up, through %s", async (_name, layers) => {
  const faults: string[] = [];
  const reported = await unhandledIn(async () => {
    for (const [what, make] of hostilePromises) {
      const leaf = serviceFn((_request: unknown, { waitUntil }) => {
        waitUntil?.(make() as Promise<unknown>);
        return "ok";
      });
      const stack = guardedStack(layers, leaf);
      const go = async (): Promise<string | undefined> => ((await stack.service.call("a")) === "ok" ? undefined : "?");
      faults.push(...(await faultsOf(what, stack, go)));
    }
  });
  expect(faults.join("\n")).toBe("");
  expect(reported).toEqual([]);
});

class Refused extends Error {}

/** Layers with a function that may return any kind of promise. */
const asking: Readonly<Record<string, (answer: () => never) => AnyLayer>> = {
  "until of concurrencyLimit": (answer) => concurrencyLimit(1, { until: answer }),
  "the predicate of filter": (answer) => filter(answer),
  "the function of mapResponse": (answer) => mapResponse(answer),
  "the answer of recover": (answer) => recover(Refused, answer),
  "the handler of middleware": (answer) => middleware("own", answer),
  "the handler of middleware, after next": (answer) =>
    middleware("own", (request, next) => {
      void next(request).catch(() => {});
      return answer();
    }),
};

test.each(Object.entries(asking))("promise 3: %s may answer with anything", async (_name, make) => {
  const faults: string[] = [];
  for (const [what, answer] of hostilePromises) {
    const fail = serviceFn(() => {
      throw new Refused();
    });
    const leaf: Service<unknown, unknown> = _name.includes("recover") ? fail : serviceFn(() => "ok");
    const stack = guardedStack([() => make(answer as () => never)], leaf);
    const go = async (): Promise<undefined> => {
      const state = watch(stack.service.call("a"));
      await stack.clock.advance(0);
      await turn();
      expect(state()[0]).not.toBe("pending");
    };
    faults.push(...(await faultsOf(what, stack, go)));
  }
  expect(faults.join("\n")).toBe("");
});
