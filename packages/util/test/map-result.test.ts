import { type Permit, ServiceBuilder } from "@sluice/core";
import { mockService } from "@sluice/testing";
import { describe, expect, test, vi } from "vitest";
import { mapResult, type OutcomeOf } from "../src/index.ts";
import { unhandledIn } from "@sluice/test-kit";

type Outcome = OutcomeOf<unknown, unknown>;

/** A response becomes a failure, and a failure a response. */
const swap = (outcome: Outcome): Outcome =>
  outcome.status === "fulfilled"
    ? { status: "rejected", reason: outcome.value }
    : { status: "fulfilled", value: outcome.reason };

const around = (map: (outcome: Outcome) => Outcome | PromiseLike<Outcome>) => {
  const [inner, handle] = mockService<string, string>();
  return { service: new ServiceBuilder().layer(mapResult(map)).service(inner), handle };
};
const error = new Error("inside");

describe.each([
  ["at once", swap],
  ["later", async (outcome: Outcome) => swap(outcome)],
])("a function that answers %s", (_when, map) => {
  test("turns a response into a failure", async () => {
    const { service, handle } = around(map);
    const answer = service.call("a");
    (await handle.nextRequest()).respond("b");
    await expect(answer).rejects.toBe("b");
  });

  test("turns a failure into a response", async () => {
    const { service, handle } = around(map);
    const answer = service.call("a");
    (await handle.nextRequest()).fail(error);
    expect(await answer).toBe(error);
  });

  test("turns a failure of readiness into a response: a permit is granted, and holds nothing inside", async () => {
    const { service, handle } = around(map);
    handle.sendFailure(error);
    const permit = service.tryReady("a");
    expect(handle.reserved).toBe(0);
    expect(await permit?.call("a")).toBe(error);
    handle.sendFailure(error);
    service.tryReady("a")?.release();
    handle.allow(0);
    const waiting = service.call("a");
    handle.sendFailure(error);
    expect(await waiting).toBe(error);
    expect(handle.calls).toBe(0);
  });
});

test("a failure of readiness that is mapped to a failure is one of readiness", async () => {
  const mapped = new Error("mapped");
  const { service, handle } = around(() => ({ status: "rejected", reason: mapped }));
  handle.sendFailure(error);
  expect(() => service.tryReady("a")).toThrow(mapped);
  handle.allow(0);
  const waiting = service.ready();
  handle.sendFailure(error);
  await expect(waiting).rejects.toBe(mapped);
});

test("a failure of readiness that is mapped to a failure later is that of the call, and reported if ignored", async () => {
  const mapped = new Error("mapped");
  const { service, handle } = around(async () => ({ status: "rejected", reason: mapped }));
  const reserve = (): Permit<string, unknown> | undefined => {
    handle.sendFailure(error);
    return service.tryReady("a");
  };
  await expect(reserve()?.call("a")).rejects.toBe(mapped);
  expect(await unhandledIn(() => reserve()?.release())).toEqual([]);
  expect(await unhandledIn(() => void reserve()?.call("a"))).toEqual([mapped]);
});

test("what the function throws is the failure", async () => {
  for (const throwing of [
    () => {
      throw error;
    },
    () => Promise.reject(error),
  ]) {
    const { service, handle } = around(throwing);
    const answer = service.call("a");
    (await handle.nextRequest()).respond("b");
    await expect(answer).rejects.toBe(error);
  }
});

test("an answer that is no outcome is a failure", async () => {
  const { service, handle } = around(() => undefined as never);
  const answer = service.call("a");
  (await handle.nextRequest()).respond("b");
  await expect(answer).rejects.toThrow(TypeError);
});

test("promise 5: the reason of the caller's own signal passes as it is", async () => {
  const map = vi.fn<typeof swap>(swap);
  const { service, handle } = around(map);
  const controller = new AbortController();
  const { signal } = controller;
  const inFlight = service.call("a", { signal });
  const { fail } = await handle.nextRequest();
  handle.allow(0);
  const waiting = service.call("a", { signal });
  controller.abort(error);
  fail(error);
  await expect(inFlight).rejects.toBe(error);
  await expect(waiting).rejects.toBe(error);
  expect(map).not.toHaveBeenCalled();
});

test("promise 14: the mapping must be a function", () => {
  expect(() => mapResult({} as never)).toThrow(new TypeError("mapResult: map must be a function; received an object"));
});
