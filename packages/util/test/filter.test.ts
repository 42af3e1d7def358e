import { gate, Semaphore, ServiceBuilder } from "@sluice/core";
import { mockService } from "@sluice/testing";
import { describe, expect, test, vi } from "vitest";
import { filter, FilteredError, isFilteredError } from "../src/index.ts";
import { deferred, turn } from "@sluice/test-kit";

type Predicate = (request: string) => boolean | PromiseLike<boolean>;
const around = (predicate: Predicate) => {
  const [inner, handle] = mockService<string, string>();
  const semaphore = new Semaphore(1);
  const service = new ServiceBuilder()
    .layer(gate(semaphore, { name: "outer" }))
    .layer(filter(predicate))
    .service(inner);
  return { service, handle, semaphore };
};
const isShort: Predicate = (request) => request.length < 3;

describe.each<[string, Predicate]>([
  ["sync", isShort],
  ["async", async (request) => isShort(request)],
])("a predicate that is %s", (_kind, predicate) => {
  test("lets pass what it holds for", async () => {
    const { service, handle } = around(predicate);
    const answer = service.call("ab");
    (await handle.nextRequest()).respond("b");
    expect(await answer).toBe("b");
  });

  test("promise 3: keeps the others from the service inside, whose permit is given back", async () => {
    const { service, handle, semaphore } = around(predicate);
    await expect(service.call("abc")).rejects.toSatisfy(isFilteredError);
    await expect(service.tryReady()?.call("abc")).rejects.toSatisfy(isFilteredError);
    expect([handle.calls, handle.reserved, handle.released]).toEqual([0, 0, 2]);
    expect(semaphore.active).toBe(0);
  });

  test("is asked once, in the call, with the request and the options", async () => {
    const spy = vi.fn<Predicate>(predicate);
    const { service, handle } = around(spy);
    const permit = await service.ready({ request: "a" });
    expect(spy).not.toHaveBeenCalled();
    void permit.call("a", { deadline: 7 });
    await handle.nextRequest();
    expect(spy.mock.calls).toEqual([["a", expect.objectContaining({ deadline: 7 })]]);
  });
});

test("a sync predicate that says no gives the permit back in the caller's turn", async () => {
  const { service, handle } = around(isShort);
  const filtered = service.call("abc");
  expect([handle.reserved, handle.released]).toEqual([0, 1]);
  await expect(filtered).rejects.toThrow(FilteredError);
});

test("while an async predicate is at work the permits are held, and all come back when it says no", async () => {
  const verdict = deferred<boolean>();
  const { service, handle, semaphore } = around(() => verdict.promise);
  const filtered = service.call("a");
  await turn();
  expect([handle.reserved, semaphore.active]).toEqual([1, 1]);
  verdict.resolve(false);
  await expect(filtered).rejects.toThrow(FilteredError);
  expect([handle.reserved, handle.calls, semaphore.active]).toEqual([0, 0, 0]);
});

test("promise 5: an abort while an async predicate is at work reaches nobody", async () => {
  const verdict = deferred<boolean>();
  const { service, handle, semaphore } = around(() => verdict.promise);
  const controller = new AbortController();
  const reason = new Error("enough");
  const aborted = service.call("a", { signal: controller.signal });
  controller.abort(reason);
  verdict.resolve(true);
  await expect(aborted).rejects.toBe(reason);
  expect([handle.reserved, handle.calls, semaphore.active]).toEqual([0, 0, 0]);
});

test.each<[string, Predicate, Error]>(
  [new Error("thrown")].flatMap((error): [string, Predicate, Error][] => [
    [
      "throws",
      () => {
        throw error;
      },
      error,
    ],
    ["rejects", () => Promise.reject(error), error],
  ]),
)("promise 3: a predicate that %s fails the call, and the permit is given back", async (_how, predicate, error) => {
  const { service, handle, semaphore } = around(predicate);
  await expect(service.call("a")).rejects.toBe(error);
  expect([handle.reserved, handle.calls, semaphore.active]).toEqual([0, 0, 0]);
});

test("the error says what it is", () => {
  const error = new FilteredError();
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ name: "FilteredError", code: "ERR_SLUICE_FILTERED" });
  expect([isFilteredError(error), isFilteredError(new Error()), isFilteredError(undefined)]).toEqual([
    true,
    false,
    false,
  ]);
});

test("promise 14: the predicate must be a function", () => {
  expect(() => filter(true as never)).toThrow(new TypeError("filter: predicate must be a function; received true"));
});
