import { describe, expect, test } from "vitest";
import { gate, isPermitSpentError, middleware, type Next, Semaphore, ServiceBuilder } from "../src/index.ts";
import { Leaf } from "./helper/leaf.ts";
import { hops, stateOf, turn, unhandledIn } from "@sluice/test-kit";

/** A middleware between two limits of 1: `outer` sees what it does to those outside, `inner` to those inside. */
function between(handler: (request: unknown, next: Next<unknown, unknown>, options: object) => unknown) {
  const leaf = new Leaf();
  const outer = new Semaphore(1);
  const inner = new Semaphore(1);
  const service = new ServiceBuilder()
    .layer(gate(outer, { name: "outer" }))
    .layer(middleware("own", handler))
    .layer(gate(inner, { name: "inner" }))
    .service(leaf.service);
  const active = (): number[] => [outer.active, inner.active];
  return { leaf, outer, inner, service, active };
}

test("a middleware has its name, and holds no state", () => {
  expect(middleware("own", () => 1)).toMatchObject({ name: "own", state: undefined });
});

test("what it says of itself is checked in its own name", () => {
  expect(() => middleware("own", () => 1, { label: "" })).toThrow("middleware: label must be a non-empty string");
});

describe("readiness", () => {
  test("is that of the service inside", async () => {
    const { service, active } = between((request, next) => next(request));
    const permit = service.tryReady();
    expect(active()).toEqual([1, 1]);
    expect(service.tryReady()).toBeUndefined();
    const waiting = service.ready();
    permit?.release();
    (await waiting).release();
    expect(active()).toEqual([0, 0]);
  });
});

describe("next", () => {
  test("calls the service inside with what it is given", async () => {
    const { service, leaf, active } = between(async (request, next, options) => {
      const response = await next(`${String(request)}!`, { ...options, deadline: 7 });
      return `${String(response)}?`;
    });
    const { signal } = new AbortController();
    const call = service.call("a", { signal });
    expect(leaf.last).toMatchObject({ request: "a!", options: { signal, deadline: 7 } });
    leaf.last.respond("b");
    expect(await call).toBe("b?");
    expect(active()).toEqual([0, 0]);
  });

  test("without options passes none on", async () => {
    const leaf = new Leaf();
    const service = middleware("own", (request, next) => next(request)).wrap(leaf.service);
    void service.call("a", { deadline: 5 });
    expect(leaf.last.options).toEqual({});
    leaf.last.respond();
  });

  test("rejects with what the service inside fails with, which may be caught", async () => {
    const { service, leaf, active } = between(async (request, next) => {
      try {
        return await next(request);
      } catch (error) {
        return { caught: error };
      }
    });
    const call = service.call("a");
    const error = new Error("no");
    leaf.last.fail(error);
    expect(await call).toEqual({ caught: error });
    expect(active()).toEqual([0, 0]);
  });

  test("may be called once: the second time it rejects with PermitSpentError and reaches nobody (promise 2)", async () => {
    const { service, leaf, active } = between(async (request, next) => {
      const first = next(request);
      const second = await next("again").catch((error: unknown) => error);
      return [await first, isPermitSpentError(second)];
    });
    const call = service.call("a");
    await turn();
    expect(leaf.calls).toHaveLength(1);
    leaf.last.respond("first");
    expect(await call).toEqual(["first", true]);
    expect(active()).toEqual([0, 0]);
  });

  test("may be called after a wait of the middleware's own", async () => {
    const { service, leaf, active } = between(async (request, next) => {
      await Promise.resolve();
      return next(request);
    });
    const call = service.call("a");
    expect(leaf.calls).toHaveLength(0);
    await turn();
    expect(active()).toEqual([1, 1]);
    leaf.last.respond("b");
    expect(await call).toBe("b");
    expect(active()).toEqual([0, 0]);
  });

  test("may be called once also where nothing is inside that would know", async () => {
    const leaf = new Leaf();
    for (const first of ["call", "release"]) {
      const service = middleware("twice", (request, next) => {
        if (first === "release") next.release();
        else next(request).catch(() => {});
        return next(request);
      }).wrap(leaf.service);
      await expect(service.call("x")).rejects.toSatisfy(isPermitSpentError);
    }
    expect(leaf.calls).toHaveLength(1);
  });

  test("after the answer rejects with PermitSpentError and reaches nobody", async () => {
    let late: Next<unknown, unknown> | undefined;
    const { service, leaf, active } = between((_, next) => {
      late = next;
      return "early";
    });
    expect(await service.call("a")).toBe("early");
    expect(active()).toEqual([0, 0]);
    await expect(late?.("a")).rejects.toSatisfy(isPermitSpentError);
    expect(leaf.calls).toHaveLength(0);
    expect(active()).toEqual([0, 0]);
  });
});

describe("promise 3: what was reserved inside is given back", () => {
  test.each<[string, () => unknown]>([
    ["answers", () => "cached"],
    ["answers after a wait", async () => "cached"],
  ])("when it %s without next", async (_, handler) => {
    const { service, leaf, active } = between(handler);
    expect(await service.call("a")).toBe("cached");
    expect(leaf.calls).toHaveLength(0);
    expect(active()).toEqual([0, 0]);
  });

  test.each<[string, () => unknown]>([
    [
      "throws",
      () => {
        throw new Error("refused");
      },
    ],
    ["rejects", () => Promise.reject(new Error("refused"))],
  ])("when it %s without next", async (_, handler) => {
    const { service, leaf, active } = between(handler);
    await expect(service.call("a")).rejects.toThrow("refused");
    expect(leaf.calls).toHaveLength(0);
    expect(active()).toEqual([0, 0]);
  });

  test("when it stands alone at the edge", async () => {
    const semaphore = new Semaphore(1);
    const leaf = new Leaf();
    const service = middleware("own", () => "cached").wrap(gate(semaphore, { name: "inner" }).wrap(leaf.service));
    expect(await service.call("a")).toBe("cached");
    expect(semaphore.active).toBe(0);
    service.tryReady()?.release();
    expect(semaphore.active).toBe(0);
  });
});

describe("promise 6: until it settles", () => {
  test.each<[string, (next: Promise<unknown>) => unknown]>([
    ["answers", () => "early"],
    [
      "throws",
      () => {
        throw new Error("early");
      },
    ],
    ["rejects", () => Promise.reject(new Error("early"))],
  ])("when it %s before next has settled, the gates on both sides wait for that", async (_, end) => {
    const { service, leaf, active } = between((request, next) => end(next(request)));
    const [outcome] = await Promise.allSettled([service.call("a")]);
    expect(outcome).toMatchObject(
      outcome.status === "fulfilled" ? { value: "early" } : { reason: { message: "early" } },
    );
    await turn();
    expect(active()).toEqual([1, 1]);
    leaf.last.fail(new Error("nobody's"));
    await turn();
    expect(active()).toEqual([0, 0]);
  });

  test("when it answers while next, called late, has not settled", async () => {
    const { service, leaf, active } = between(async (request, next) => {
      await Promise.resolve();
      void next(request);
      return "early";
    });
    expect(await service.call("a")).toBe("early");
    await turn();
    expect(active()).toEqual([1, 1]);
    leaf.last.respond();
    await turn();
    expect(active()).toEqual([0, 0]);
  });

  test("the work reaches the caller's waitUntil before the answer does", async () => {
    const leaf = new Leaf();
    const service = middleware("own", (request, next) => (void next(request), "early")).wrap(leaf.service);
    const seen: unknown[] = [];
    let work: Promise<unknown> | undefined;
    await service
      .call("a", {
        waitUntil(handedUp) {
          work = handedUp;
          seen.push("work");
        },
      })
      .then((answer) => seen.push(answer));
    expect(seen).toEqual(["work", "early"]);
    leaf.last.respond("late");
    expect(await work).toBe("late");
  });

  test("places are free by the time the caller has the answer, where nothing goes on", async () => {
    for (const handler of [
      (request: unknown, next: Next<unknown, unknown>) => next(request),
      async (request: unknown, next: Next<unknown, unknown>) => next(request),
      async (request: unknown, next: Next<unknown, unknown>) => {
        await Promise.resolve();
        return next(request);
      },
    ]) {
      const { service, leaf, active } = between(handler);
      const seen = service.call("a").then(active);
      await turn();
      leaf.last.respond();
      expect(await seen).toEqual([0, 0]);
    }
  });
});

describe("promise 7: a throw is a rejection", () => {
  test("of the value itself", async () => {
    const reason = Object.freeze({ no: "error" });
    const service = middleware("own", () => {
      throw reason;
    }).wrap(new Leaf().service);
    await expect(service.call("a")).rejects.toBe(reason);
  });
});

describe("promise 11: free where idle", () => {
  test("one that passes through adds no microtask between gates", async () => {
    const { service, leaf } = between((request, next, options) => next(request, options));
    const call = service.call("a");
    expect(leaf.calls).toHaveLength(1);
    leaf.last.respond("b");
    expect(await hops(call)).toBe(1);
  });

  test("an answer of its own is handed on as it is, where nobody outside stays for the work", async () => {
    const answer = Promise.resolve("own");
    const service = middleware("own", (request, next) => {
      void next(request);
      return answer;
    }).wrap(new Leaf().service);
    expect(service.call("a")).toBe(answer);
  });

  test("a failure that is ignored is reported, once; one that is handled is not", async () => {
    const error = new Error("no");
    const through = middleware("through", (request, next, options) => next(request, options));
    const own = middleware("own", async (request, next, options) => next(request, options));
    const late = middleware("late", async (request, next, options) => {
      await Promise.resolve();
      return next(request, options);
    });
    const none = middleware("none", () => {
      throw error;
    });
    const limit = gate(new Semaphore(10), { name: "limit" });
    for (const layer of [through, own, late, none]) {
      for (const build of [
        (leaf: Leaf) => layer.wrap(leaf.service),
        (leaf: Leaf) => limit.wrap(layer.wrap(leaf.service)),
        (leaf: Leaf) => layer.wrap(limit.wrap(leaf.service)),
        (leaf: Leaf) => through.wrap(layer.wrap(limit.wrap(leaf.service))),
      ]) {
        const fail = async (leaf: Leaf): Promise<void> => {
          await turn();
          leaf.calls.at(-1)?.fail(error);
        };
        expect(
          await unhandledIn(() => {
            const leaf = new Leaf();
            void build(leaf).call("a");
            void fail(leaf);
          }),
        ).toEqual([error]);
        const leaf = new Leaf();
        const handled = await unhandledIn(() => {
          const call = build(leaf).call("a");
          call.catch(() => {});
          void fail(leaf);
        });
        expect(handled).toEqual([]);
      }
    }
  });
});

describe("promise 14: bad options", () => {
  test.each([undefined, null, "handler", {}])("%o as the function", (handler) => {
    expect(() => middleware("own", handler as never)).toThrow(TypeError);
    expect(() => middleware("own", handler as never)).toThrow(/^middleware: handler must be a function; received /);
  });

  test.each([undefined, null, "", 5])("%o as the name", (name) => {
    expect(() => middleware(name as never, () => 1)).toThrow(TypeError);
    expect(() => middleware(name as never, () => 1)).toThrow(/^middleware: name must be a non-empty string; received /);
  });
});

test("a call that is pending stays so until the handler answers", async () => {
  const { service } = between(() => new Promise(() => {}));
  expect(await stateOf(service.call("a"))).toBe("pending");
});

describe("the service inside", () => {
  test("may be asked once more by the handler: another attempt waits for readiness of its own", async () => {
    const leaf = new Leaf();
    const inner = new Semaphore(1);
    const service = new ServiceBuilder()
      .layer(
        middleware("twice", (request, next, options, rest) =>
          next(request, options).catch(() => rest.call(request, options)),
        ),
      )
      .layer(gate(inner, { name: "inner" }))
      .service(leaf.service);
    const answer = service.call("x");
    leaf.last.fail(new Error("first"));
    await turn();
    expect(leaf.calls).toHaveLength(2);
    leaf.last.respond("second");
    expect(await answer).toBe("second");
    expect(inner.active).toBe(0);
  });

  test("may be asked without waiting, as a hedge does", async () => {
    const seen: boolean[] = [];
    const { service, leaf } = between((request, next, _options) => next(request));
    const hedged = middleware("hedged", (request, next, options, inner) => {
      const permit = inner.tryReady(request);
      seen.push(permit !== undefined);
      permit?.release();
      return next(request, options);
    }).wrap(service);
    const answer = hedged.call("x");
    leaf.last.respond("ok");
    expect(await answer).toBe("ok");
    // The only place is its own.
    expect(seen).toEqual([false]);
  });
});

describe("a handler that answers without next", () => {
  test.each(["cached", undefined, null])("gives back what was reserved as soon as it returns %s", async (value) => {
    const { service, active } = between(() => value);
    const answer = service.call("x");
    expect(active()).toEqual([1, 0]);
    expect(await answer).toBe(value);
    expect(active()).toEqual([0, 0]);
  });

  test.each<[string, () => unknown]>([
    [
      "throws",
      () => {
        throw new Error("no");
      },
    ],
    [
      "returns what cannot be read",
      () => ({
        // oxlint-disable-next-line unicorn/no-thenable -- it is what is tested
        get then(): never {
          throw new Error("no");
        },
      }),
    ],
  ])("gives back what was reserved as soon as it %s", async (_what, handler) => {
    const { service, active } = between(handler);
    const answer = service.call("x");
    expect(active()).toEqual([1, 0]);
    await expect(answer).rejects.toThrow("no");
    expect(active()).toEqual([0, 0]);
  });

  test("registers no work", async () => {
    const registered: unknown[] = [];
    const service = middleware("own", async () => "own").wrap(new Leaf().service);
    expect(await service.call("x", { waitUntil: (work) => registered.push(work) })).toBe("own");
    expect(registered).toEqual([]);
  });

  test("gives back at once by next.release, while the answer of somebody else is awaited", async () => {
    let answerOthers!: (answer: string) => void;
    const others = new Promise<string>((resolve) => {
      answerOthers = resolve;
    });
    const { service, active, leaf } = between((_request, next) => {
      next.release();
      next.release();
      return others;
    });
    const answer = service.call("x");
    expect(active()).toEqual([1, 0]);
    answerOthers("theirs");
    expect(await answer).toBe("theirs");
    expect(active()).toEqual([0, 0]);
    expect(leaf.calls).toEqual([]);
  });

  test("that has released rejects with PermitSpentError when it calls next all the same", async () => {
    const { service, active } = between((request, next) => {
      next.release();
      return next(request);
    });
    await expect(service.call("x")).rejects.toSatisfy(isPermitSpentError);
    expect(active()).toEqual([0, 0]);
  });

  test("a release after next does nothing: the call runs on and holds its place", async () => {
    const { service, active, leaf } = between((request, next) => {
      const answer = next(request);
      next.release();
      return answer;
    });
    const answer = service.call("x");
    expect(active()).toEqual([1, 1]);
    leaf.last.respond("ok");
    expect(await answer).toBe("ok");
    expect(active()).toEqual([0, 0]);
  });
});

test("work that has settled by the time of the answer is not registered, so that its failure is told once", async () => {
  const leaf = new Leaf();
  const registered: Promise<unknown>[] = [];
  const service = middleware("own", (request, next) =>
    next(request).catch((error: Error) => Promise.reject(error)),
  ).wrap(leaf.service);
  const answer = service.call("x", { waitUntil: (work) => registered.push(work) });
  leaf.last.fail(new Error("no"));
  await expect(answer).rejects.toThrow("no");
  expect(registered).toEqual([]);
});
