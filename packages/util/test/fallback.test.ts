import { AsyncLocalStorage } from "node:async_hooks";
import { gate, isOverloadedError, OverloadedError, partsOf, Semaphore, ServiceBuilder, serviceFn } from "@sluice/core";
import { mockService } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { stateOf } from "@sluice/test-kit";
import { fallback, type FallbackOptions, mapRequest } from "../src/index.ts";

const down = new Error("down");
const worse = new Error("worse");

function setUp(options: Partial<FallbackOptions<never, string>> = {}) {
  const [first, primary] = mockService<string, string>();
  const [to, secondary] = mockService<string, string>();
  const layer = fallback({ to, ...options } as FallbackOptions<typeof to, string>);
  return { layer, service: layer.wrap(first), primary, secondary };
}

describe("as long as the service inside does what it is for", () => {
  test("it answers, and the other is neither asked nor reserved", async () => {
    const { layer, service, primary, secondary } = setUp();
    const answer = service.call("a");
    expect([primary.active, secondary.reserved, secondary.calls]).toEqual([1, 0, 0]);
    (await primary.nextRequest()).respond("primary");
    expect(await answer).toBe("primary");
    expect([secondary.calls, layer.fallbacks]).toEqual([0, 0]);
  });

  test("a permit is one of it, and can be given back", () => {
    const { service, primary, secondary } = setUp();
    const permit = service.tryReady("a");
    expect([primary.reserved, secondary.reserved]).toEqual([1, 0]);
    permit?.release();
    expect(primary.reserved).toBe(0);
  });
});

describe("when the call fails", () => {
  test("the other is asked with the same request and options, and its answer is the answer", async () => {
    const { layer, service, primary, secondary } = setUp();
    const { signal } = new AbortController();
    const answer = service.call("a", { signal, deadline: 1e9 });
    (await primary.nextRequest()).fail(down);
    const { request, options, respond } = await secondary.nextRequest();
    expect(request).toBe("a");
    expect(options).toMatchObject({ signal, deadline: 1e9 });
    respond("secondary");
    expect(await answer).toBe("secondary");
    expect(layer.fallbacks).toBe(1);
  });

  test("the other's failure is the failure", async () => {
    const { service, primary, secondary } = setUp();
    const answer = service.call("a");
    (await primary.nextRequest()).fail(down);
    (await secondary.nextRequest()).fail(worse);
    await expect(answer).rejects.toBe(worse);
  });

  test("its permit is had then, and waited for where it has no room", async () => {
    const { service, primary, secondary } = setUp();
    secondary.allow(0);
    const answer = service.call("a");
    (await primary.nextRequest()).fail(down);
    await Promise.resolve();
    expect(secondary.waiting).toBe(1);
    secondary.allow(1);
    (await secondary.nextRequest()).respond("secondary");
    expect(await answer).toBe("secondary");
  });

  test("it is asked in the caller's async context", async () => {
    const storage = new AsyncLocalStorage<string>();
    let seen: unknown;
    const [first, primary] = mockService<string, string>();
    const to = serviceFn((request: string) => {
      seen = storage.getStore();
      return request;
    });
    const answer = storage.run("ann", () => fallback({ to }).wrap(first).call("a"));
    const { fail } = await primary.nextRequest();
    storage.run("bob", () => {
      fail(down);
    });
    await answer;
    expect(seen).toBe("ann");
  });
});

describe("when", () => {
  test("it says no, the failure stays", async () => {
    const { service, primary, secondary } = setUp({
      when: (outcome) => outcome.status === "rejected" && outcome.reason === worse,
    });
    const answer = service.call("a");
    (await primary.nextRequest()).fail(down);
    await expect(answer).rejects.toBe(down);
    expect(secondary.calls).toBe(0);
  });

  test("it says so of a response, the other is asked; and of no response by default", async () => {
    const { service, primary, secondary } = setUp({
      when: (outcome) => outcome.status === "fulfilled" && outcome.value === "503",
    });
    const answer = service.call("a");
    (await primary.nextRequest()).respond("503");
    (await secondary.nextRequest()).respond("200");
    expect(await answer).toBe("200");
    const plain = setUp();
    const other = plain.service.call("a");
    (await plain.primary.nextRequest()).respond("503");
    expect(await other).toBe("503");
  });

  test("it is async, that is the failure: its promise is true whatever it says", async () => {
    const { service, primary, secondary } = setUp({ when: (async () => false) as never });
    const answer = service.call("a");
    (await primary.nextRequest()).respond("503");
    secondary.expectNoRequest();
    await expect(answer).rejects.toThrow(
      new TypeError("fallback: what when returns must be true or false, and not a promise of one; received an object"),
    );
  });

  test("it throws, that is the failure: of the call, or of readiness", async () => {
    const { service, primary } = setUp({
      when() {
        throw worse;
      },
    });
    const answer = service.call("a");
    (await primary.nextRequest()).fail(down);
    await expect(answer).rejects.toBe(worse);
    primary.sendFailure(down);
    expect(() => service.tryReady("a")).toThrow(worse);
  });
});

describe("when the service inside has no room", () => {
  test("the other is asked at once where it has some, without waiting", async () => {
    const { layer, service, primary, secondary } = setUp();
    primary.allow(0);
    const answer = service.call("a");
    expect([primary.waiting, secondary.active]).toEqual([0, 1]);
    (await secondary.nextRequest()).respond("secondary");
    expect(await answer).toBe("secondary");
    expect(layer.fallbacks).toBe(1);
  });

  test("a permit of the other can be given back, and is then no fallback", () => {
    const { layer, service, primary, secondary } = setUp();
    primary.allow(0);
    const permit = service.tryReady("a");
    expect(secondary.reserved).toBe(1);
    permit?.release();
    expect([secondary.reserved, layer.fallbacks]).toEqual([0, 0]);
  });

  test("where neither has room it is not ready, and callers wait for both: for the service inside …", async () => {
    const { service, primary, secondary } = setUp();
    primary.allow(0);
    secondary.allow(0);
    expect(service.tryReady("a")).toBeUndefined();
    const answer = service.call("a");
    expect([primary.waiting, secondary.waiting]).toEqual([1, 1]);
    primary.allow(1);
    (await primary.nextRequest()).respond("primary");
    expect(await answer).toBe("primary");
    expect([primary.waiting, secondary.waiting]).toEqual([0, 0]);
  });

  test("… and for the other, whichever has room first", async () => {
    const { layer, service, primary, secondary } = setUp();
    primary.allow(0);
    secondary.allow(0);
    const answers = ["a", "b"].map((request) => service.call(request));
    secondary.allow(1);
    const { request, respond } = await secondary.nextRequest();
    expect(request).toBe("a");
    respond("secondary");
    expect(await answers[0]).toBe("secondary");
    expect([primary.waiting, secondary.waiting, layer.fallbacks]).toEqual([1, 1, 1]);
    primary.allow(1);
    (await primary.nextRequest()).respond("primary");
    expect(await answers[1]).toBe("primary");
  });

  test("both grant in one turn: one is taken, and the other given back", async () => {
    const { service, primary, secondary } = setUp();
    primary.allow(0);
    secondary.allow(0);
    const permit = service.ready({ request: "a" });
    primary.allow(1);
    secondary.allow(1);
    (await permit).release();
    await Promise.resolve();
    expect([primary.reserved, secondary.reserved, primary.allowed, secondary.allowed]).toEqual([0, 0, 1, 1]);
  });

  test("a newcomer overtakes nobody who waits, at neither of the two", async () => {
    const { service, primary, secondary } = setUp();
    primary.allow(0);
    secondary.allow(0);
    const waiting = service.ready({ request: "a" });
    secondary.allow(1);
    expect(service.tryReady("newcomer")).toBeUndefined();
    (await waiting).release();
  });

  test("a caller who gives up leaves both lines at once, with its own reason", async () => {
    const { service, primary, secondary } = setUp();
    primary.allow(0);
    secondary.allow(0);
    const controller = new AbortController();
    const waiting = service.call("a", { signal: controller.signal });
    controller.abort(down);
    expect([primary.waiting, secondary.waiting]).toEqual([0, 0]);
    await expect(waiting).rejects.toBe(down);
  });

  test("a caller that aborts while it is asked for the request, or for a failure, waits in neither line", async () => {
    const aborts = { map: new AbortController(), when: new AbortController() };
    const [full, primary] = mockService<string, string>();
    const [to, secondary] = mockService<string, string>();
    primary.allow(0);
    secondary.allow(0);
    const mapped = mapRequest((request: string) => {
      aborts.map.abort(down);
      return request;
    });
    const waiting = fallback({ to }).wrap(mapped.wrap(full)).ready({ request: "a", signal: aborts.map.signal });
    expect(await stateOf(waiting)).toBe("rejected");
    await expect(waiting).rejects.toBe(down);
    const when = (): boolean => {
      aborts.when.abort(down);
      return true;
    };
    primary.sendFailure(worse);
    const failing = fallback({ to, when }).wrap(full).ready({ request: "a", signal: aborts.when.signal });
    expect(await stateOf(failing)).toBe("rejected");
    await expect(failing).rejects.toBe(down);
    expect([primary.waiting, secondary.waiting, primary.reserved, secondary.reserved]).toEqual([0, 0, 0, 0]);
  });

  test("an abort that another listener kept from being heard is seen when it is granted", async () => {
    const { service, primary, secondary } = setUp();
    primary.allow(0);
    secondary.allow(0);
    const controller = new AbortController();
    controller.signal.addEventListener("abort", (event) => {
      event.stopImmediatePropagation();
    });
    const waiting = service.call("a", { signal: controller.signal });
    controller.abort(down);
    primary.allow(1);
    await expect(waiting).rejects.toBe(down);
    expect([primary.reserved, primary.waiting, secondary.waiting]).toEqual([0, 0, 0]);
  });

  test("a failure of the other's readiness is none as long as the service inside is waited for", async () => {
    const { service, primary, secondary } = setUp();
    primary.allow(0);
    secondary.allow(0);
    const answer = service.call("a");
    secondary.sendFailure(worse);
    primary.allow(1);
    (await primary.nextRequest()).respond("primary");
    expect(await answer).toBe("primary");
  });

  test("when both fail, the other's failure is the failure; when the first one does, the other is waited for", async () => {
    const both = setUp();
    both.primary.allow(0);
    both.secondary.allow(0);
    const failing = both.service.ready({ request: "a" });
    both.secondary.sendFailure(worse);
    both.primary.sendFailure(down);
    await expect(failing).rejects.toBe(worse);
    const { service, primary, secondary } = setUp();
    primary.allow(0);
    secondary.allow(0);
    const answer = service.call("a");
    primary.sendFailure(down);
    await Promise.resolve();
    secondary.allow(1);
    (await secondary.nextRequest()).respond("secondary");
    expect(await answer).toBe("secondary");
    const last = setUp();
    last.primary.allow(0);
    last.secondary.allow(0);
    const lost = last.service.ready({ request: "a" });
    last.primary.sendFailure(down);
    last.secondary.sendFailure(worse);
    await expect(lost).rejects.toBe(worse);
  });

  test("a failure that `when` does not mean ends the wait for both; and so does a `when` that throws", async () => {
    for (const [when, reason] of [
      [() => false, down],
      [
        () => {
          throw worse;
        },
        worse,
      ],
    ] as const) {
      const { service, primary, secondary } = setUp({ when });
      primary.allow(0);
      secondary.allow(0);
      const waiting = service.ready({ request: "a" });
      primary.sendFailure(down);
      await expect(waiting).rejects.toBe(reason);
      expect(secondary.waiting).toBe(0);
    }
  });

  test("with whenFull: false callers wait for the service inside", async () => {
    const { service, primary, secondary } = setUp({ whenFull: false });
    primary.allow(0);
    expect(service.tryReady("a")).toBeUndefined();
    const answer = service.call("a");
    expect([primary.waiting, secondary.calls]).toEqual([1, 0]);
    primary.allow(1);
    (await primary.nextRequest()).respond("primary");
    expect(await answer).toBe("primary");
  });
});

describe("when the service inside refuses", () => {
  const refusing = new OverloadedError("inside");

  test("in the call: the other is asked, whatever `when` says, for nothing was tried", async () => {
    const { service, primary, secondary } = setUp({ when: () => false });
    const answer = service.call("a");
    (await primary.nextRequest()).fail(refusing);
    (await secondary.nextRequest()).respond("secondary");
    expect(await answer).toBe("secondary");
  });

  test("with whenFull: false it is a failure like any other", async () => {
    const { service, primary, secondary } = setUp({ when: () => false, whenFull: false });
    const answer = service.call("a");
    (await primary.nextRequest()).fail(refusing);
    await expect(answer).rejects.toSatisfy(isOverloadedError);
    expect(secondary.calls).toBe(0);
  });

  test.each([true, false])("when readiness is asked for, by tryReady (whenFull: %s)", async (whenFull) => {
    const { service, primary, secondary } = setUp({ whenFull });
    primary.sendFailure(refusing);
    const answer = service.tryReady("a")?.call("a");
    (await secondary.nextRequest()).respond("secondary");
    expect(await answer).toBe("secondary");
  });

  test("and the other has no room: not ready; who waits, waits for the other", async () => {
    const [to, secondary] = mockService<string, string>();
    secondary.allow(0);
    const shut = gate(
      {
        tryAcquire() {
          throw refusing;
        },
        acquire: () => Promise.reject(refusing),
      },
      { name: "shut" },
    );
    const service = new ServiceBuilder()
      .layer(fallback({ to }))
      .layer(shut)
      .serviceFn((request: string) => request);
    expect(service.tryReady("a")).toBeUndefined();
    const answer = service.call("a");
    expect(secondary.waiting).toBe(1);
    secondary.allow(1);
    (await secondary.nextRequest()).respond("secondary");
    expect(await answer).toBe("secondary");
  });

  test("while a caller waits for it: the caller goes on to the other", async () => {
    const { service, primary, secondary } = setUp({ whenFull: false });
    primary.allow(0);
    const answer = service.call("a");
    primary.sendFailure(refusing);
    (await secondary.nextRequest()).respond("secondary");
    expect(await answer).toBe("secondary");
  });

  test("a failure of readiness that `when` does not mean stays one, by whichever way it is asked", async () => {
    const { service, primary } = setUp({ when: () => false });
    primary.sendFailure(down);
    expect(() => service.tryReady("a")).toThrow(down);
    primary.sendFailure(down);
    await expect(service.ready({ request: "a" })).rejects.toBe(down);
    primary.allow(0);
    const full = setUp({ when: () => false, whenFull: false });
    full.primary.allow(0);
    const waiting = full.service.ready({ request: "a" });
    full.primary.sendFailure(down);
    await expect(waiting).rejects.toBe(down);
  });

  test("a `when` that throws while a caller waits is that caller's failure", async () => {
    const { service, primary } = setUp({
      whenFull: false,
      when() {
        throw worse;
      },
    });
    primary.allow(0);
    const waiting = service.ready({ request: "a" });
    primary.sendFailure(down);
    await expect(waiting).rejects.toBe(worse);
  });
});

describe("not after the caller's abort", () => {
  test("the reason itself passes, and the other is not asked", async () => {
    const { layer, service, primary, secondary } = setUp();
    const controller = new AbortController();
    const answer = service.call("a", { signal: controller.signal });
    const { fail } = await primary.nextRequest();
    controller.abort(down);
    fail(down);
    await expect(answer).rejects.toBe(down);
    expect([secondary.calls, layer.fallbacks]).toEqual([0, 0]);
  });

  test("another failure is the abort's reason by then", async () => {
    const { service, primary, secondary } = setUp();
    const controller = new AbortController();
    const answer = service.call("a", { signal: controller.signal });
    const { fail } = await primary.nextRequest();
    controller.abort(down);
    fail(worse);
    await expect(answer).rejects.toBe(down);
    expect(secondary.calls).toBe(0);
  });

  test("a response is the answer all the same", async () => {
    const { service, primary } = setUp();
    const controller = new AbortController();
    const answer = service.call("a", { signal: controller.signal });
    const { respond } = await primary.nextRequest();
    controller.abort(down);
    respond("primary");
    expect(await answer).toBe("primary");
  });

  test("who leaves the line goes nowhere else", async () => {
    const { service, primary, secondary } = setUp({ whenFull: false });
    primary.allow(0);
    const controller = new AbortController();
    const answer = service.call("a", { signal: controller.signal });
    controller.abort(down);
    await expect(answer).rejects.toBe(down);
    expect([primary.waiting, secondary.calls]).toEqual([0, 0]);
  });
});

test("a limit outside counts a request until both have settled", async () => {
  const slots = new Semaphore(3);
  const [first, primary] = mockService<string, string>();
  const [to, secondary] = mockService<string, string>();
  const service = new ServiceBuilder()
    .layer(gate(slots, { name: "slots" }))
    .layer(fallback({ to }))
    .service(first);
  const answer = service.call("a");
  (await primary.nextRequest()).fail(down);
  const { respond } = await secondary.nextRequest();
  expect(slots.active).toBe(1);
  respond("secondary");
  await answer;
  await Promise.resolve();
  expect(slots.active).toBe(0);
});

test("it says of itself what it is, and what it is made of", () => {
  const { layer, service } = setUp({ label: "replica" });
  expect(layer.about).toEqual({ label: "replica", traits: ["answers"], facts: { whenFull: true } });
  const parts = partsOf(service);
  if (parts === undefined || !("branches" in parts)) throw new Error("It has branches.");
  expect([parts.name, [...parts.branches()].map(([key]) => key)]).toEqual(["fallback", ["first", "to"]]);
  expect(parts.counting).toBe(layer);
  expect(JSON.parse(JSON.stringify(layer))).toEqual({ name: "fallback", label: "replica", fallbacks: 0 });
});

test("where the service inside takes the caller in just as it asks, the other's line is not joined", async () => {
  const [to, secondary] = mockService<string, string>();
  secondary.allow(0);
  let asked = 0;
  // Full when it is tried, and free when it is waited for.
  const lease = { cancel() {}, finish() {} };
  const late = gate(
    { tryAcquire: () => (++asked > 2 ? lease : undefined), acquire: () => Promise.resolve(lease) },
    { name: "late" },
  );
  const service = new ServiceBuilder()
    .layer(fallback({ to }))
    .layer(late)
    .serviceFn((request: string) => request);
  expect(await service.call("a")).toBe("a");
  expect([asked, secondary.waiting, secondary.calls]).toEqual([3, 0, 0]);
});

test.each([
  [{}, "to must be a service"],
  [{ to: 5 }, "to must be a service"],
  [{ to: serviceFn(() => 1), when: 5 }, "when must be a function; received 5"],
  [{ to: serviceFn(() => 1), whenFull: "yes" }, 'whenFull must be true or false; received "yes"'],
  [{ to: serviceFn(() => 1), shared: true }, "shared is not an option"],
])("%o is refused by name", (options, message) => {
  expect(() => fallback(options as never)).toThrow(TypeError);
  expect(() => fallback(options as never)).toThrow(message);
});
