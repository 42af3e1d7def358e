import { ServiceBuilder } from "@sluice/core";
import { mockService } from "@sluice/testing";
import { describe, expect, test, vi } from "vitest";
import { mapFailure } from "../src/index.ts";

class WrappedError extends Error {}
const wrap = (cause: unknown): WrappedError => new WrappedError("wrapped", { cause });
const around = (map: (failure: unknown) => unknown) => {
  const [inner, handle] = mockService<string, string>();
  return { service: new ServiceBuilder().layer(mapFailure(map)).service(inner), handle };
};
const cause = new Error("inside");

test("the failure of a call is mapped, and a response is not", async () => {
  const { service, handle } = around(wrap);
  const failed = service.call("a");
  (await handle.nextRequest()).fail(cause);
  await expect(failed).rejects.toEqual(wrap(cause));
  const answered = service.call("a");
  (await handle.nextRequest()).respond("b");
  expect(await answered).toBe("b");
});

test("promise 12: a failure of readiness is mapped, now and later", async () => {
  const { service, handle } = around(wrap);
  handle.sendFailure(cause);
  expect(() => service.tryReady("a")).toThrow(wrap(cause));
  handle.allow(0);
  const waiting = [service.ready({ request: "a" }), service.call("a")];
  handle.sendFailure(cause);
  for (const each of waiting) await expect(each).rejects.toEqual(wrap(cause));
});

describe("what the mapping throws", () => {
  const throwing = (failure: unknown): never => {
    throw wrap(failure);
  };

  test("is the failure of the call", async () => {
    const { service, handle } = around(throwing);
    const failed = service.call("a");
    (await handle.nextRequest()).fail(cause);
    await expect(failed).rejects.toEqual(wrap(cause));
  });

  test("is the failure of readiness", async () => {
    const { service, handle } = around(throwing);
    handle.sendFailure(cause);
    expect(() => service.tryReady("a")).toThrow(wrap(cause));
    handle.allow(0);
    const waiting = service.ready();
    handle.sendFailure(cause);
    await expect(waiting).rejects.toEqual(wrap(cause));
  });
});

test("promise 5: the reason of the caller's own signal passes as it is", async () => {
  const map = vi.fn<typeof wrap>(wrap);
  const { service, handle } = around(map);
  const controller = new AbortController();
  const { signal } = controller;
  const inFlight = service.call("a", { signal });
  const { fail } = await handle.nextRequest();
  handle.allow(0);
  const waiting = service.ready({ signal });
  controller.abort(cause);
  fail(cause);
  await expect(inFlight).rejects.toBe(cause);
  await expect(waiting).rejects.toBe(cause);
  expect(map).not.toHaveBeenCalled();
});

test("another failure of an aborted call is mapped", async () => {
  const { service, handle } = around(wrap);
  const controller = new AbortController();
  const failed = service.call("a", { signal: controller.signal });
  controller.abort(new Error("enough"));
  (await handle.nextRequest()).fail(cause);
  await expect(failed).rejects.toEqual(wrap(cause));
});

test("promise 14: the mapping must be a function", () => {
  expect(() => mapFailure(null as never)).toThrow(new TypeError("mapFailure: map must be a function; received null"));
});
