import { AsyncLocalStorage } from "node:async_hooks";
import { EventEmitter, once } from "node:events";
import { runInNewContext } from "node:vm";
import { hops, turn, unhandledIn } from "@sluice/test-kit";
import { describe, expect, test, vi } from "vitest";
import { gate, isPermitSpentError, OverloadedError, Semaphore, Service, ServiceBuilder } from "../src/index.ts";
import {
  callLayer,
  failureCode,
  holdLayer,
  isOwnAbort,
  isTimeout,
  permit,
  recoverReadiness,
  startObserved,
  tell,
} from "../src/kit.ts";
import { answering, Leaf } from "./helper/leaf.ts";

describe("permit", () => {
  const setUp = () => {
    const call = vi.fn<(request: string) => string>((request) => `${request}!`);
    const release = vi.fn<() => void>();
    return { call, release, made: permit(call, release) };
  };

  test("is spent by its first call, and rejects from then on (promise 2)", async () => {
    const { call, release, made } = setUp();
    expect(await made.call("a")).toBe("a!");
    await expect(made.call("b")).rejects.toSatisfy(isPermitSpentError);
    made.release();
    expect(call).toHaveBeenCalledOnce();
    expect(release).not.toHaveBeenCalled();
  });

  test("is released once, also by leaving a using block", async () => {
    const { release, made } = setUp();
    {
      using used = made;
      expect(used).toBe(made);
    }
    made.release();
    expect(release).toHaveBeenCalledOnce();
    await expect(made.call("a")).rejects.toSatisfy(isPermitSpentError);
  });

  test("is given back by a call that is aborted already, which reaches nobody (promise 5)", async () => {
    const { call, release, made } = setUp();
    const reason = new Error("no longer wanted");
    await expect(made.call("a", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(call).not.toHaveBeenCalled();
    expect(release).toHaveBeenCalledOnce();
  });

  test("never throws: a call that throws rejects, a release that throws is reported (promise 7)", async () => {
    const trap = (): never => {
      throw new Error("trap");
    };
    await expect(permit(trap, () => {}).call(1)).rejects.toThrow("trap");
    expect(await unhandledIn(async () => permit(trap, trap).release())).toEqual([new Error("trap")]);
  });

  test("takes functions, and names the one that is none", () => {
    const none = "none" as never;
    expect(() => permit(none, () => {})).toThrow(new TypeError('permit: call must be a function; received "none"'));
    expect(() => permit(() => 1, none)).toThrow(new TypeError('permit: release must be a function; received "none"'));
  });

  test("works for a service of one's own, inside our layers", async () => {
    class Own extends Service<string, string, never> {
      free = 1;
      override tryReady() {
        if (this.free === 0) return undefined;
        this.free--;
        const back = (): void => {
          this.free++;
        };
        return permit<string, string, never>((request) => Promise.resolve(request).finally(back), back);
      }
      override ready(): Promise<never> {
        return Promise.reject(new OverloadedError("own"));
      }
    }
    const own = new Own();
    const service = gate(new Semaphore(3), { name: "limit" }).wrap(own);
    expect(await service.call("a")).toBe("a");
    service.tryReady("b")?.release();
    expect(own.free).toBe(1);
  });
});

test("tell calls a listener, reports what it throws, and does nothing without one", async () => {
  const heard: string[] = [];
  tell((event: string) => heard.push(event), "opened");
  tell(undefined, "closed");
  expect(heard).toEqual(["opened"]);
  const reported = await unhandledIn(async () => {
    tell(() => {
      throw new Error("listener trap");
    }, "x");
  });
  expect(reported).toEqual([new Error("listener trap")]);
});

test("isTimeout knows timeouts by their name, whoever made them, and throws for nothing", async () => {
  const signal = AbortSignal.timeout(0);
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  expect(isTimeout(signal.reason)).toBe(true);
  expect(isTimeout(Object.assign(new Error("late"), { name: "TimeoutError" }))).toBe(true);
  const broken = Object.defineProperty({}, "name", {
    get() {
      throw new Error("no name");
    },
  });
  for (const reason of [new Error("down"), undefined, null, "TimeoutError", broken]) {
    expect(isTimeout(reason)).toBe(false);
  }
});

test("isOwnAbort tells the reason of the caller's own signal from a failure", () => {
  const reason = new Error("mine");
  expect(isOwnAbort(AbortSignal.abort(reason), reason)).toBe(true);
  expect(isOwnAbort(AbortSignal.abort(new Error("mine")), reason)).toBe(false);
  expect(isOwnAbort(new AbortController().signal, undefined)).toBe(false);
  expect(isOwnAbort(undefined, reason)).toBe(false);
});

test("isOwnAbort knows the reason in the AbortError of a function of Node.js, and of nothing else", async () => {
  const signal = AbortSignal.abort(new Error("mine"));
  const wrapped: unknown = await once(new EventEmitter(), "never", { signal }).catch((error: unknown) => error);
  expect(wrapped).toMatchObject({ name: "AbortError", cause: signal.reason });
  expect(isOwnAbort(signal, wrapped)).toBe(true);
  expect(isOwnAbort(AbortSignal.abort(new Error("mine")), wrapped)).toBe(false);
  expect(isOwnAbort(new AbortController().signal, wrapped)).toBe(false);
  const hostile = {
    name: "AbortError",
    get cause() {
      throw new Error("hostile");
    },
  };
  for (const failure of [new Error("theirs", { cause: signal.reason }), hostile, null, undefined, "AbortError"]) {
    expect(isOwnAbort(signal, failure)).toBe(false);
  }
});

describe("recoverReadiness", () => {
  const failing = (reason: unknown) => {
    const limit = new Semaphore(5);
    const inner = gate(
      {
        tryAcquire() {
          throw reason;
        },
        acquire: () => Promise.reject(reason),
      },
      { name: "open" },
    ).wrap(new Leaf().service);
    return { limit, inner };
  };

  test("grants a permit that holds nothing inside, whose call is answered by the function", async () => {
    const { inner } = failing(new OverloadedError("open"));
    const service = recoverReadiness(
      inner,
      (reason) => (request: unknown) => `${String(request)}: ${(reason as Error).name}`,
    );
    expect(await service.call("a")).toBe("a: OverloadedError");
    expect(await (await service.ready()).call("b")).toBe("b: OverloadedError");
    service.tryReady()?.release();
  });

  test("leaves the failure where it returns undefined, and fails with what it throws", async () => {
    const { inner } = failing(new OverloadedError("open"));
    const left = recoverReadiness(inner, () => undefined);
    await expect(left.call(1)).rejects.toBeInstanceOf(OverloadedError);
    expect(() => left.tryReady()).toThrow(OverloadedError);
    const other = new Error("another failure");
    const mapped = recoverReadiness(inner, () => {
      throw other;
    });
    await expect(mapped.ready()).rejects.toBe(other);
    expect(() => mapped.tryReady()).toThrow(other);
  });

  test("a function that throws, or rejects, is a call that rejects", async () => {
    const { inner } = failing(new Error("no"));
    const service = recoverReadiness(inner, () => () => {
      throw new Error("answer trap");
    });
    await expect(service.call(1)).rejects.toThrow("answer trap");
  });

  test("a caller who waits is served as without it", async () => {
    const slots = new Semaphore(0);
    const recover = vi.fn<() => undefined>();
    const service = recoverReadiness(gate(slots, { name: "slots" }).wrap(answering("ok")), recover);
    const answer = service.call("a");
    slots.max = 1;
    expect(await answer).toBe("ok");
    expect(recover).not.toHaveBeenCalled();
  });

  test("is not asked about the reason of the caller's own abort", async () => {
    const recover = vi.fn<() => undefined>();
    const inner = gate(new Semaphore(0), { name: "full" }).wrap(new Leaf().service);
    const caller = new AbortController();
    const waiting = recoverReadiness(inner, recover).ready({ signal: caller.signal });
    const reason = new Error("mine");
    caller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(recover).not.toHaveBeenCalled();
  });

  test.each([
    ["service", () => recoverReadiness({} as never, () => undefined), "recoverReadiness: service must be a service"],
    [
      "recover",
      () => recoverReadiness(answering(1), 5 as never),
      "recoverReadiness: recover must be a function; received 5",
    ],
  ])("refuses a bad %s", (_option, run, message) => {
    expect(run).toThrow(message);
  });
});

describe("callLayer", () => {
  const between = (call: Parameters<typeof callLayer>[1]) => {
    const leaf = new Leaf();
    const outer = new Semaphore(1);
    const inner = new Semaphore(1);
    const service = new ServiceBuilder()
      .layer(gate(outer, { name: "outer" }))
      .layer(callLayer("own", call))
      .layer(gate(inner, { name: "inner" }))
      .service(leaf.service);
    return { leaf, service, active: () => [outer.active, inner.active] };
  };

  test("maps requests and answers, and holds no more than is inside", async () => {
    const { leaf, service, active } = between((inside, request, options) =>
      inside.start(`${request}!`, options).then((answer) => `${answer}?`),
    );
    const answer = service.call("a");
    expect(leaf.last.request).toBe("a!");
    expect(active()).toEqual([1, 1]);
    leaf.last.respond("b");
    expect(await answer).toBe("b?");
    expect(active()).toEqual([0, 0]);
  });

  test("a call that throws before it has used what is inside rejects, and all is released (promise 3)", async () => {
    const { service, active } = between(() => {
      throw new Error("call trap");
    });
    await expect(service.call("a")).rejects.toThrow("call trap");
    expect(active()).toEqual([0, 0]);
    service.tryReady()?.release();
    expect(active()).toEqual([0, 0]);
  });

  test("at the edge an ignored failure is reported once, a handled one is not (promise 11)", async () => {
    for (const ignored of [true, false]) {
      const layers = new ServiceBuilder()
        .layer(callLayer("own", (inside, request, options) => inside.start(request, options)))
        .layer(gate(new Semaphore(1), { name: "inner" }));
      const leaf = new Leaf();
      const reported = await unhandledIn(async () => {
        const answer = layers.service(leaf.service).call("a");
        if (!ignored) answer.catch(() => {});
        leaf.last.fail(new Error("no"));
        await turn();
      });
      expect(reported).toEqual(ignored ? [new Error("no")] : []);
    }
  });

  test("a call that answers without what is inside cancels it, at the edge too (promise 3)", async () => {
    const slots = new Semaphore(1);
    const own = callLayer("own", (inside) => {
      inside.cancel();
      return Promise.resolve("own");
    });
    expect(await own.wrap(gate(slots, { name: "slots" }).wrap(new Leaf().service)).call("a")).toBe("own");
    expect(slots.active).toBe(0);
  });

  test("one that passes the answer on adds no microtask", async () => {
    const passing = callLayer("own", (inside, request, options) => inside.start(request, options));
    expect(await hops(passing.wrap(answering("ok")).call("a"))).toBe(0);
  });

  test("says of itself what it is told, and refuses bad input by name", () => {
    expect(callLayer("own", (inside) => inside.start(1, {}), { label: "db" })).toMatchObject({
      name: "own",
      about: { label: "db" },
    });
    expect(() => callLayer("own", 5 as never)).toThrow("callLayer: call must be a function; received 5");
    expect(() => callLayer("", () => Promise.resolve())).toThrow("callLayer: name must be a non-empty string");
    expect(() => callLayer("own", () => Promise.resolve(), 5 as never)).toThrow("callLayer: options must be an object");
  });
});

describe("holdLayer", () => {
  const setUp = (max = 1) => {
    const log: string[] = [];
    const leaf = new Leaf();
    const inner = new Semaphore(max);
    let made = 0;
    const service = new ServiceBuilder()
      .layer(
        holdLayer<never, { id: number; request: unknown }>("own", {
          reserve: (request) => {
            const state = { id: ++made, request };
            log.push(`reserve ${state.id}`);
            return state;
          },
          ask: (state) => `asked ${String(state.request)}`,
          start(state, inside, request, options) {
            log.push(`start ${state.id}`);
            if (request === "trap") throw new Error("start trap");
            return inside.start(request, options);
          },
          cancel(state) {
            log.push(`cancel ${state.id}`);
          },
        }) as never,
      )
      .layer(gate(inner, { name: "inner" }))
      .service(leaf.service) as Service<unknown, unknown>;
    return { log, leaf, inner, service };
  };

  test("holds what it made until the call, and cancels it where the permit is released", async () => {
    const { log, leaf, service } = setUp();
    const answer = service.call("a");
    leaf.last.respond("ok");
    expect(await answer).toBe("ok");
    service.tryReady()?.release();
    expect(log).toEqual(["reserve 1", "start 1", "reserve 2", "cancel 2"]);
  });

  test("cancels what it made for a caller who then waits, whose wait makes another; an abort cancels that (promises 3, 9)", async () => {
    const { log, service, inner } = setUp(0);
    const caller = new AbortController();
    const waiting = service.call("a", { signal: caller.signal });
    expect(log).toEqual(["reserve 1", "cancel 1", "reserve 2"]);
    caller.abort(new Error("mine"));
    await expect(waiting).rejects.toThrow("mine");
    expect(log.at(-1)).toBe("cancel 2");
    expect(inner.waiting).toBe(0);
  });

  test("a start that throws rejects, and all is released", async () => {
    const { log, service, inner } = setUp();
    await expect(service.call("trap")).rejects.toThrow("start trap");
    expect(log).toEqual(["reserve 1", "start 1", "cancel 1"]);
    expect(inner.active).toBe(0);
  });

  test("a caller who waits is served, and the service inside reserves for the request itself where nothing else is said", async () => {
    const leaf = new Leaf();
    const slots = new Semaphore(0);
    const asked = vi.spyOn(slots, "tryAcquire");
    const service = holdLayer<never, object>("own", {
      reserve: () => ({}),
      start: (_state, inside, request, options) => inside.start(request, options),
    }).wrap(gate(slots, { name: "slots" }).wrap(leaf.service) as never) as Service<unknown, unknown>;
    const answer = service.call("a");
    slots.max = 1;
    await turn();
    leaf.last.respond("ok");
    expect(await answer).toBe("ok");
    expect(slots.active).toBe(0);
    expect(new Set(asked.mock.calls.flat())).toEqual(new Set(["a"]));
  });

  test.each(["reserve", "ask"])("what %s throws is a failure of readiness, and nothing is held", async (trap) => {
    const failure = new Error(`${trap} trap`);
    const slots = new Semaphore(1);
    let held = 0;
    const service = holdLayer<never, object>("own", {
      reserve: () => {
        if (trap === "reserve") throw failure;
        held++;
        return {};
      },
      ask: () => {
        throw failure;
      },
      start: (_state, inside, request, options) => inside.start(request, options),
      cancel: () => void held--,
    }).wrap(gate(slots, { name: "slots" }).wrap(answering("ok")) as never) as Service<unknown, unknown>;
    expect(() => service.tryReady()).toThrow(failure);
    await expect(service.ready()).rejects.toBe(failure);
    await expect(service.call("a")).rejects.toBe(failure);
    expect([held, slots.active, slots.waiting]).toEqual([0, 0, 0]);
  });

  test("what cancel throws is reported, and what is inside is given back all the same", async () => {
    const slots = new Semaphore(1);
    const service = holdLayer<never, object>("own", {
      reserve: () => ({}),
      start: (_state, inside, request, options) => inside.start(request, options),
      cancel: () => {
        throw new Error("cancel trap");
      },
    }).wrap(gate(slots, { name: "slots" }).wrap(answering("ok")) as never) as Service<unknown, unknown>;
    expect(await unhandledIn(async () => service.tryReady()?.release())).toEqual([new Error("cancel trap")]);
    expect(slots.active).toBe(0);
  });

  const holding = { reserve() {}, start: () => Promise.resolve() };
  test.each<[string, () => unknown]>([
    ["name must be a non-empty string", () => holdLayer("", holding)],
    ["holding must be what to hold (with reserve, start)", () => holdLayer("own", { start: holding.start } as never)],
    ...["ask", "cancel", "failed", "wait"].map((method): [string, () => unknown] => [
      `${method} must be a function; received 5`,
      () => holdLayer("own", { ...holding, [method]: 5 }),
    ]),
    [
      "wait could not be read",
      () =>
        holdLayer("own", {
          ...holding,
          get wait(): never {
            throw new Error("getter trap");
          },
        }),
    ],
    ["options must be an object; received 5", () => holdLayer("own", holding, 5 as never)],
  ])("refuses by name: %s", (message, make) => {
    expect(make).toThrow(`holdLayer: ${message}`);
  });
});

describe("holdLayer with a wait of its own", () => {
  const context = new AsyncLocalStorage<string>();
  const setUp = (max: number, wait?: () => void) => {
    const log: string[] = [];
    const leaf = new Leaf();
    const inner = new Semaphore(max);
    const service = new ServiceBuilder()
      .layer(
        holdLayer<never, object>("own", {
          reserve: () => ({}),
          start: (_state, inside, request, options) => {
            log.push(`start in ${context.getStore()}`);
            return inside.start(request, options);
          },
          cancel: () => void log.push("cancel"),
          failed: (_state, reason) => void log.push(`failed ${String(reason)}`),
          wait(_state, ask, caller) {
            wait?.();
            const outside = context.getStore()!;
            context.run("the wait", () =>
              ask({
                granted() {
                  log.push(`granted in ${context.getStore()}`);
                  context.run(outside, caller.granted);
                },
                failed(reason) {
                  log.push(`refused in ${context.getStore()}, aborted ${caller.signal?.aborted}`);
                  context.run(outside, caller.failed, reason);
                },
              }),
            );
            log.push("asked");
          },
        }) as never,
      )
      .layer(gate(inner, { name: "inner" }))
      .service(leaf.service) as Service<unknown, unknown>;
    return { log, leaf, inner, service };
  };

  test("is told in the context of its question, and the caller goes on in its own", async () => {
    const { log, leaf, inner, service } = setUp(0);
    const answer = context.run("the caller", () => service.call("a"));
    expect(log).toEqual(["cancel", "asked"]);
    inner.max = 1;
    await turn();
    expect(log.slice(2)).toEqual(["granted in the wait", "start in the caller"]);
    leaf.last.respond("ok");
    expect(await answer).toBe("ok");
    expect(inner.active).toBe(0);
  });

  test("is told at once where there is no wait", async () => {
    const { log, service } = setUp(1);
    const permitted = context.run("the caller", () => service.ready());
    expect(log).toEqual(["granted in the wait", "asked"]);
    (await permitted).release();
    expect(log.at(-1)).toBe("cancel");
  });

  test("hears of an abort, which is a failure and no cancel", async () => {
    const { log, inner, service } = setUp(0);
    const caller = new AbortController();
    const waiting = context.run("the caller", () => service.call("a", { signal: caller.signal }));
    caller.abort("mine");
    await expect(waiting).rejects.toBe("mine");
    expect(log.slice(2)).toEqual(["refused in the wait, aborted true", "failed mine"]);
    expect(inner.waiting).toBe(0);
  });

  test("a failure before its question is one of readiness", async () => {
    const { log, service } = setUp(0, () => {
      throw new Error("wait trap");
    });
    await expect(service.call("a")).rejects.toThrow("wait trap");
    expect(log).toEqual(["cancel", "failed Error: wait trap"]);
  });

  test("a failure after its question is reported, and harms no call", async () => {
    const leaf = new Leaf();
    const service = new ServiceBuilder()
      .layer(
        holdLayer<never, object>("own", {
          reserve: () => ({}),
          start: (_state, inside, request, options) => inside.start(request, options),
          wait(_state, ask, caller) {
            ask(caller);
            throw new Error("late trap");
          },
        }) as never,
      )
      .service(leaf.service) as Service<unknown, unknown>;
    const reported = await unhandledIn(async () => {
      const permitted = await service.ready();
      permitted.release();
    });
    expect(reported).toEqual([new Error("late trap")]);
  });

  test("failures of readiness at once are told with their reason, and what it throws is reported", async () => {
    const open = new Error("open");
    const failed = vi.fn<(state: object, reason: unknown) => void>(() => {
      throw new Error("failed trap");
    });
    const cancel = vi.fn<() => void>();
    const service = holdLayer<never, object>("own", {
      reserve: () => ({}),
      start: (_state, inside, request, options) => inside.start(request, options),
      cancel,
      failed,
    }).wrap(
      gate(
        {
          tryAcquire() {
            throw open;
          },
          acquire: () => Promise.reject(open),
        },
        { name: "breaker" },
      ).wrap(answering("ok")) as never,
    ) as Service<unknown, unknown>;
    const reported = await unhandledIn(async () => {
      await expect(service.call("a")).rejects.toBe(open);
      await expect(service.ready()).rejects.toBe(open);
    });
    expect(failed.mock.calls.map(([, reason]) => reason)).toEqual([open, open]);
    expect(cancel).not.toHaveBeenCalled();
    expect(reported).toEqual([new Error("failed trap"), new Error("failed trap")]);
  });
});

describe("startObserved", () => {
  const seen: unknown[] = [];
  const observing = callLayer("own", (inside, request, options) =>
    startObserved(inside, request, options, (outcome) => seen.push(outcome)),
  );

  test("tells how the call ended, with one microtask at the edge and none for each further layer", async () => {
    const service = new ServiceBuilder().layer(observing).layer(observing).layer(observing);
    expect(await hops(service.service(answering("ok")).call("x"))).toBe(1);
    expect(seen.splice(0)).toEqual(Array.from({ length: 3 }, () => ({ status: "fulfilled", value: "ok" })));
  });

  test("an ignored failure is still reported, once, and a handled one is not", async () => {
    const failing = () => {
      const leaf = new Leaf();
      const answer = new ServiceBuilder().layer(observing).layer(observing).service(leaf.service).call("x");
      leaf.last.fail(new Error("no"));
      return answer;
    };
    expect(await unhandledIn(async () => void failing())).toEqual([new Error("no")]);
    expect(await unhandledIn(async () => void (await failing().catch(() => {})))).toEqual([]);
    expect(seen.splice(0)).toHaveLength(4);
  });
});

describe("failureCode", () => {
  const trap = {
    get code(): never {
      throw new Error("trap");
    },
  };
  test.each<[string, unknown, string]>([
    ["an error with a code", Object.assign(new Error("no"), { code: "E503" }), "E503"],
    ["a code that is a number", { code: 503 }, "503"],
    ["a name of what is no error", { code: "", name: "Ann" }, "_OTHER"],
    ["an error", new RangeError("no"), "RangeError"],
    ["a DOMException", new DOMException("no", "AbortError"), "AbortError"],
    ["an error of another realm", runInNewContext("new RangeError('no')"), "RangeError"],
    ["an error whose name is empty", Object.assign(new Error("no"), { name: "" }), "_OTHER"],
    ["an error whose name is no text", Object.assign(new Error("no"), { name: 5 }), "_OTHER"],
    ["a function with a code and a name", Object.assign(() => {}, { code: "E503" }), "_OTHER"],
    ["undefined", undefined, "_OTHER"],
    ["a code that throws", trap, "_OTHER"],
    ["text", "no", "_OTHER"],
    ["null", null, "_OTHER"],
  ])("of %s", (_what, reason, code) => {
    expect(failureCode(reason)).toBe(code);
  });
});
