import { gate, Semaphore, ServiceBuilder, serviceFn } from "@sluice/core";
import { expect, test } from "vitest";
import { boxed, boxLayer, type BoxService } from "../src/index.ts";

const service = serviceFn((n: number) => n);
type Numbers = BoxService<number, number, never>;

test("a boxed service is the service itself: erasing it costs a call nothing", () => {
  expect(boxed(service)).toBe(service);
});

test("a box around a stack does not hide what the stack holds: the same limit outside is refused", () => {
  const limit = gate(new Semaphore(1), { name: "limit" });
  const box = boxed(new ServiceBuilder().layer(limit).service(service));
  expect(() => new ServiceBuilder().layer(limit).service(box)).toThrow(TypeError);
});

test("a boxed layer is the layer itself, with its name and its state", async () => {
  const limit = gate(new Semaphore(1), { name: "limit" });
  const box = boxLayer<Numbers>(limit);
  expect(box).toBe(limit);
  expect(new ServiceBuilder().layer(box).describe()).toEqual(["limit"]);
  expect(await new ServiceBuilder().layer(box).service(service).call(5)).toBe(5);
});

test("promise 14: what is none is refused", () => {
  expect(() => boxed(5 as never)).toThrow(/^boxed: service must be a service .* received 5$/);
  expect(() => boxLayer("limit" as never)).toThrow(
    new TypeError('boxLayer: layer must be a layer (with wrap); received "limit"'),
  );
});
