import { AsyncLocalStorage } from "node:async_hooks";
import {
  type AnyLayer,
  type AnyService,
  gate,
  isPermitSpentError,
  Semaphore,
  type Service,
  ServiceBuilder,
  serviceFn,
} from "@sluice/core";
import { mockService, VirtualClock } from "@sluice/testing";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mapResult } from "../src/index.ts";
import { layers as shapes } from "./layers.ts";
import { deferred, hops, turn, unhandledIn } from "@sluice/test-kit";

class OtherError extends Error {}

const clock = new VirtualClock();

/** Every layer, so set up that it changes nothing: what is promised of all of them holds. */
const layers: readonly (readonly [string, () => AnyLayer])[] = [
  ...Object.entries(shapes).flatMap(([name, { calm }]) =>
    calm === undefined ? [] : [[name, () => calm(clock, 9)] as const],
  ),
  ["mapResult, async", () => mapResult(async (outcome) => outcome)],
];

/** Which of them start the work inside in the caller's turn. */
const startingAtOnce = layers.filter(([name]) => shapes[name]?.defers !== true);
/** Which of them only pass the answer on. */
const passing = layers.filter(([name]) => shapes[name]?.observes === true);
/** Which of them answer with one promise of their own. */
const transforming = layers.filter(([name]) => ["mapResponse", "mapFailure", "mapResult", "recover"].includes(name));
/** Which of them hand a failure of readiness on as it is, at readiness. */
const transparent = layers.filter(([name]) => name !== "mapResult, async");

/** Layers whose types are not known, outermost first, around a service. */
function stack(outermostFirst: readonly AnyLayer[], inner: AnyService): Service<string, string> {
  const service = outermostFirst.reduceRight<AnyService>((built, layer) => layer.wrap(built as never), inner);
  return service as Service<string, string>;
}

function around(layer: AnyLayer) {
  const [inner, handle] = mockService<string, string>();
  return { service: stack([layer], inner), handle };
}

test.each(layers)("%s is described by its name", (name, make) => {
  const described = new ServiceBuilder().layer(make()).describe();
  // Those that choose are the layer that they chose.
  expect(described).toEqual([/either|optional/.test(name) ? "mapRequest" : name.split(",")[0]]);
});

describe.each(layers)("%s", (_name, make) => {
  test("promise 1: a permit holds one inside", async () => {
    const { service, handle } = around(make());
    handle.allow(1);
    const permit = service.tryReady("a");
    expect([handle.reserved, handle.allowed]).toEqual([1, 0]);
    expect(service.tryReady("b")).toBeUndefined();
    permit?.release();
    expect([handle.reserved, handle.released]).toEqual([0, 1]);
    {
      using waited = await service.ready({ request: "c" });
      void waited;
      expect(handle.reserved).toBe(1);
    }
    expect([handle.reserved, handle.released]).toEqual([0, 2]);
  });

  test("promise 2: a permit is spent once", async () => {
    const { service, handle } = around(make());
    const permit = await service.ready({ request: "a" });
    const answer = permit.call("a");
    await expect(permit.call("a")).rejects.toSatisfy(isPermitSpentError);
    permit.release();
    (await handle.nextRequest()).respond("b");
    expect(await answer).toBe("b");
    expect([handle.calls, handle.reserved, handle.released]).toEqual([1, 0, 0]);
  });

  test("promise 2: a blind permit takes any request", async () => {
    const { service, handle } = around(make());
    const permit = service.tryReady();
    const answer = permit?.call("a");
    const { request, respond } = await handle.nextRequest();
    expect(request).toBe("a");
    respond("b");
    expect(await answer).toBe("b");
  });

  test("promise 5: who waits and aborts leaves at once, with the signal's own reason", async () => {
    const { service, handle } = around(make());
    handle.allow(0);
    const controller = new AbortController();
    const reason = new OtherError("enough");
    const waiting = [
      service.ready({ request: "a", signal: controller.signal }),
      service.ready({ signal: controller.signal }),
      service.call("b", { signal: controller.signal }),
    ];
    expect(handle.waiting).toBe(3);
    controller.abort(reason);
    expect(handle.waiting).toBe(0);
    for (const each of waiting) await expect(each).rejects.toBe(reason);
    handle.allow(1);
    expect(handle.reserved).toBe(0);
  });

  test("promise 5: a signal aborted already reaches nobody", async () => {
    const { service, handle } = around(make());
    const reason = new OtherError("enough");
    const signal = AbortSignal.abort(reason);
    await expect(service.ready({ request: "a", signal })).rejects.toBe(reason);
    await expect(service.call("a", { signal })).rejects.toBe(reason);
    await expect(service.tryReady("a")?.call("a", { signal })).rejects.toBe(reason);
    expect([handle.calls, handle.reserved, handle.waiting]).toEqual([0, 0, 0]);
  });

  test("promise 5: an abort in flight is passed down, and the call ends as the work does", async () => {
    const { service, handle } = around(make());
    const controller = new AbortController();
    const reason = new OtherError("enough");
    const answer = service.call("a", { signal: controller.signal });
    const { options, fail } = await handle.nextRequest();
    expect(options.signal).toBe(controller.signal);
    controller.abort(reason);
    await turn();
    expect(handle.active).toBe(1);
    fail(reason);
    await expect(answer).rejects.toBe(reason);
  });

  test("promise 6: gates outside and inside hold until the work has settled", async () => {
    const [outer, inner, work] = [new Semaphore(1), new Semaphore(1), deferred()];
    const service = stack(
      [gate(outer, { name: "outer" }), make(), gate(inner, { name: "inner" })],
      serviceFn((request: string, { waitUntil }) => {
        waitUntil?.(work.promise);
        return request;
      }),
    );
    expect(await service.call("a")).toBe("a");
    expect([outer.active, inner.active]).toEqual([1, 1]);
    work.resolve();
    await turn();
    expect([outer.active, inner.active]).toEqual([0, 0]);
  });

  test("the options reach the service inside whole", async () => {
    const { service, handle } = around(make());
    const options = { signal: new AbortController().signal, deadline: 7, waitUntil: () => {}, [Symbol("more")]: 1 };
    void service.call("a", options);
    expect((await handle.nextRequest()).options).toMatchObject(options);
  });

  test("promise 7: a service that throws is a rejection", async () => {
    const error = new Error("thrown");
    const service = stack(
      [make()],
      serviceFn(() => {
        throw error;
      }),
    );
    await expect(service.call("a")).rejects.toBe(error);
  });

  test("promise 8: work that waited runs in the context of the caller who asked", async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const semaphore = new Semaphore(0);
    const service = stack(
      [make(), gate(semaphore, { name: "limit" })],
      serviceFn((request: string) => {
        seen.push([request, storage.getStore()]);
      }),
    );
    const calls = ["a", "b"].map((caller) => storage.run(caller, () => service.call(caller)));
    storage.run("another", () => {
      semaphore.max = 1;
    });
    await Promise.all(calls);
    expect(seen).toEqual([
      ["a", "a"],
      ["b", "b"],
    ]);
  });

  test("promise 11: a failure that nobody handles is reported, once, and a handled one is not", async () => {
    const error = new Error("ignored");
    const service = stack(
      [gate(new Semaphore(9), { name: "outer" }), make(), gate(new Semaphore(9), { name: "inner" })],
      serviceFn(() => Promise.reject(error)),
    );
    expect(await unhandledIn(() => void service.call("a"))).toEqual([error]);
    expect(await unhandledIn(() => service.call("a").catch(() => {}))).toEqual([]);
  });

  test("promise 12: a failure of readiness is not the end", async () => {
    const { service, handle } = around(make());
    const error = new Error("not now");
    handle.sendFailure(error);
    await expect(service.call("a")).rejects.toBe(error);
    const answer = service.call("b");
    (await handle.nextRequest()).respond("b");
    expect(await answer).toBe("b");
  });

  test("promise 3: whatever is done, all that was reserved comes back", async () => {
    const act = fc.constantFrom("release", "respond", "fail", "abort", "spent", "wait");
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 12 }), fc.integer({ min: 0, max: 3 }), async (acts, max) => {
        const semaphore = new Semaphore(max);
        const { service, handle } = around(make());
        const limited = stack([gate(semaphore, { name: "limit" })], service);
        const controller = new AbortController();
        for (const each of acts) {
          const permit = limited.tryReady(each);
          if (each === "wait" || permit === undefined) {
            limited.call(each, { signal: controller.signal }).catch(() => {});
            permit?.release();
          } else if (each === "release") permit.release();
          else if (each === "abort") permit.call(each, { signal: AbortSignal.abort() }).catch(() => {});
          else {
            permit.call(each).catch(() => {});
            if (each === "spent") permit.call(each).catch(() => {});
          }
        }
        controller.abort();
        await turn();
        for (let { active } = handle; active > 0; active--) {
          const { request, respond, fail } = await handle.nextRequest();
          if (request === "fail") fail(new Error("failed"));
          else respond("done");
        }
        await turn();
        expect([semaphore.active, semaphore.waiting, handle.reserved, handle.active]).toEqual([0, 0, 0, 0]);
      }),
      { numRuns: 50 },
    );
  });
});

describe.each(startingAtOnce)("promise 11: %s", (_name, make) => {
  test("starts the work in the caller's turn where the inner service is ready", () => {
    const { service, handle } = around(make());
    void service.call("a");
    expect(handle.calls).toBe(1);
  });

  test("grants in the caller's turn", async () => {
    const { service } = around(make());
    expect(await hops(service.ready({ request: "a" }))).toBe(0);
  });
});

test.each(passing)("promise 11: %s hands on the very promise that it got", (_name, make) => {
  const answer = Promise.resolve("a");
  const service = stack(
    [make()],
    serviceFn(() => answer),
  );
  expect(service.call("a")).toBe(answer);
});

test.each(transforming)("promise 11: %s answers with one promise of its own", async (_name, make) => {
  const { service, handle } = around(make());
  const answer = service.call("a");
  const { respond } = await handle.nextRequest();
  respond("b");
  expect(await hops(answer)).toBe(1);
});

test.each(transparent)("promise 12: %s throws at tryReady what ready rejects with", async (_name, make) => {
  const { service, handle } = around(make());
  const error = new Error("not now");
  handle.sendFailure(error);
  expect(() => service.tryReady("a")).toThrow(error);
  handle.sendFailure(error);
  await expect(service.ready({ request: "a" })).rejects.toBe(error);
  handle.allow(0);
  const waiting = service.ready({ request: "a" });
  handle.sendFailure(error);
  await expect(waiting).rejects.toBe(error);
});
