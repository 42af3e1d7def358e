import { gate, Semaphore, ServiceBuilder, serviceFn } from "@sluice/core";
import { expect, test } from "vitest";
import { mapResponse } from "../src/index.ts";
import { deferred, turn } from "@sluice/test-kit";

test("the response is mapped, and a failure is not", async () => {
  const error = new Error("even");
  const service = new ServiceBuilder().layer(mapResponse((n: number) => n * 2)).serviceFn((n: number) => {
    if (n % 2 === 0) throw error;
    return n;
  });
  expect(await service.call(3)).toBe(6);
  await expect(service.call(2)).rejects.toBe(error);
});

test("what the mapping throws is the failure", async () => {
  const error = new Error("unmappable");
  const throwing = mapResponse(() => {
    throw error;
  });
  await expect(
    new ServiceBuilder()
      .layer(throwing)
      .serviceFn(() => 1)
      .call(1),
  ).rejects.toBe(error);
});

test("promise 6: while an async mapping is at work, a gate outside holds and one inside does not", async () => {
  const [outer, inner, work] = [new Semaphore(1), new Semaphore(1), deferred<string>()];
  const service = new ServiceBuilder()
    .layer(gate(outer, { name: "outer" }))
    .layer(mapResponse(() => work.promise))
    .layer(gate(inner, { name: "inner" }))
    .service(serviceFn((n: number) => n));
  const answer = service.call(1);
  await turn();
  expect([outer.active, inner.active]).toEqual([1, 0]);
  work.resolve("done");
  expect(await answer).toBe("done");
  expect([outer.active, inner.active]).toEqual([0, 0]);
});

test("promise 14: the mapping must be a function", () => {
  expect(() => mapResponse("x" as never)).toThrow(new TypeError('mapResponse: map must be a function; received "x"'));
});
