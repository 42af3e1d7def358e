import { AsyncLocalStorage } from "node:async_hooks";
import { isPermitSpentError, middleware, Service, ServiceBuilder, takeRefusal } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { mockService, VirtualClock } from "../src/index.ts";

const boom = new Error("boom");

describe("the service", () => {
  test("is a service, ready without limit at first", () => {
    const [service, handle] = mockService<number, string>();
    expect(service).toBeInstanceOf(Service);
    expect(handle.allowed).toBe(Number.POSITIVE_INFINITY);
    for (let n = 1; n <= 100; n++) {
      expect(service.tryReady()).toBeDefined();
      expect(handle.reserved).toBe(n);
    }
  });

  test("when as many are reserved as allowed: refuses by name, and serves those who wait in order once more are allowed", async () => {
    const [service, handle] = mockService<number, string>();
    handle.allow(1);
    expect(service.tryReady()).toBeDefined();
    expect(service.tryReady()).toBeUndefined();
    expect(takeRefusal()?.layer).toBe("mockService");

    const order: number[] = [];
    for (const n of [1, 2, 3]) void service.ready().then(() => order.push(n));
    expect(handle.waiting).toBe(3);
    handle.allow(2);
    expect(service.tryReady(), "those granted have not moved on yet").toBeUndefined();
    await new VirtualClock().advance(0);
    expect(order).toEqual([1, 2]);
    expect([handle.waiting, handle.allowed, handle.reserved]).toEqual([1, 0, 3]);
  });

  test("promise 3: a permit that is released gives its share back, a call does not", async () => {
    const [service, handle] = mockService<number, string>();
    handle.allow(2);
    const first = service.tryReady();
    const call = service.tryReady()?.call(7);
    const waiting = service.ready();
    expect(handle.waiting).toBe(1);
    (await handle.nextRequest()).respond("seven");
    await expect(call).resolves.toBe("seven");
    expect(handle.waiting).toBe(1);
    first?.release();
    await expect(waiting).resolves.toBeDefined();
    expect([handle.released, handle.reserved, handle.allowed, handle.calls]).toEqual([1, 1, 0, 1]);
  });

  test("promise 2: a permit is spent once", async () => {
    const [service, handle] = mockService<number, string>();
    const permit = service.tryReady();
    void permit?.call(1);
    await expect(permit?.call(2)).rejects.toSatisfy(isPermitSpentError);
    permit?.release();
    expect([handle.calls, handle.released, handle.reserved]).toEqual([1, 0, 0]);
  });

  describe("promise 5: abort", () => {
    test("whoever waits leaves the line at once, with the reason itself", async () => {
      const [service, handle] = mockService<number, string>();
      handle.allow(0);
      const controller = new AbortController();
      const first = service.ready({ signal: controller.signal });
      const second = service.ready();
      controller.abort(boom);
      expect(handle.waiting).toBe(1);
      await expect(first).rejects.toBe(boom);
      handle.allow(1);
      await expect(second).resolves.toBeDefined();
    });

    test("between the grant and the waiter's turn: the grant goes to the next", async () => {
      const [service, handle] = mockService<number, string>();
      handle.allow(0);
      const controller = new AbortController();
      const first = service.ready({ signal: controller.signal });
      const second = service.ready();
      handle.allow(1);
      controller.abort(boom);
      await expect(first).rejects.toBe(boom);
      await expect(second).resolves.toBeDefined();
      expect([handle.reserved, handle.allowed]).toEqual([1, 0]);
    });

    test("a call in flight is not raced: its signal is there for the test to look at", async () => {
      const [service, handle] = mockService<number, string>();
      const controller = new AbortController();
      const answer = service.call(1, { signal: controller.signal });
      const call = await handle.nextRequest();
      controller.abort(boom);
      expect(call.options.signal?.aborted).toBe(true);
      call.respond("still");
      await expect(answer).resolves.toBe("still");
    });
  });

  test("promise 8: whoever waited goes on in its own async context", async () => {
    const storage = new AsyncLocalStorage<string>();
    const [inner, handle] = mockService<number, string>();
    const seen: (string | undefined)[] = [];
    const service = new ServiceBuilder()
      .layer(
        middleware("look", (request: number, next) => {
          seen.push(storage.getStore());
          return next(request);
        }),
      )
      .service(inner);
    handle.allow(0);
    storage.run("mine", () => void service.call(1));
    storage.run("the test's", () => {
      handle.allow(1);
    });
    await handle.nextRequest();
    expect(seen).toEqual(["mine"]);
  });
});

describe("requests", () => {
  test("come in the order they arrived, whether they or the test were first", async () => {
    const [service, handle] = mockService<number, string>();
    const early = [handle.nextRequest(), handle.nextRequest()];
    for (const n of [1, 2, 3]) void service.call(n);
    const calls = await Promise.all([...early, handle.nextRequest()]);
    expect(calls.map(({ request }) => request)).toEqual([1, 2, 3]);
    expect([handle.calls, handle.active]).toEqual([3, 3]);
  });

  test("carry the options as they were passed down", async () => {
    const [service, handle] = mockService<number, string>();
    const { signal } = new AbortController();
    const waitUntil = (): void => {};
    void service.call(1, { signal, deadline: 5, waitUntil });
    expect((await handle.nextRequest()).options).toEqual({ signal, deadline: 5, waitUntil });
  });

  test("are answered once: the first answer counts", async () => {
    const [service, handle] = mockService<number, string>();
    const answer = service.call(1);
    const call = await handle.nextRequest();
    expect(call.answered).toBe(false);
    call.respond("first");
    call.respond("second");
    call.fail(boom);
    expect([call.answered, handle.active]).toEqual([true, 0]);
    await expect(answer).resolves.toBe("first");

    const failing = service.call(2);
    (await handle.nextRequest()).fail(boom);
    await expect(failing).rejects.toBe(boom);
  });

  test("a response is on its way as soon as respond has returned: nothing stands between it and the caller", async () => {
    const [service, handle] = mockService<number, string>();
    const order: string[] = [];
    const seen = service.call(1).then((response) => order.push(response));
    const { respond } = await handle.nextRequest();
    respond("response");
    void Promise.resolve().then(() => order.push("one microtask later"));
    await seen;
    expect(order[0]).toBe("response");
  });
});

describe("expectNoRequest", () => {
  test("throws while a call is there that nobody took", async () => {
    const [service, handle] = mockService<number, string>();
    handle.expectNoRequest();
    void service.call(1);
    expect(() => {
      handle.expectNoRequest();
    }).toThrow("expected no request, and 1 arrived");
    await handle.nextRequest();
    handle.expectNoRequest();
  });
});

describe("sendFailure", () => {
  test("when nobody waits: the next one to ask gets it, thrown or rejected; then readiness is back", async () => {
    const [service, handle] = mockService<number, string>();
    handle.sendFailure(boom);
    expect(() => service.tryReady()).toThrow(boom);
    expect(service.tryReady()).toBeDefined();

    handle.sendFailure(boom);
    await expect(service.ready()).rejects.toBe(boom);
    await expect(service.ready()).resolves.toBeDefined();

    handle.sendFailure(boom);
    await expect(service.call(1)).rejects.toBe(boom);
    handle.expectNoRequest();
  });

  test("when some wait: all of them get it, and whoever asks next waits as before", async () => {
    const [service, handle] = mockService<number, string>();
    handle.allow(0);
    const waiting = [service.ready(), service.call(1)];
    handle.sendFailure(boom);
    expect(await Promise.allSettled(waiting)).toEqual(waiting.map(() => ({ status: "rejected", reason: boom })));
    const next = service.ready();
    expect(handle.waiting).toBe(1);
    handle.allow(1);
    await expect(next).resolves.toBeDefined();
  });
});

test.each([-1, 1.5, Number.NaN])("promise 14: allow(%s) is refused", (count) => {
  const [, handle] = mockService();
  expect(() => {
    handle.allow(count);
  }).toThrow(`mockService: allow must be a whole number of 0 or more, or Infinity; received ${count}`);
});
