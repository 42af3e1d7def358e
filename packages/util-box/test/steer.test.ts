import { gate, isOverloadedError, partsOf, Semaphore, Service, ServiceBuilder, serviceFn } from "@sluice/core";
import { mockService } from "@sluice/testing";
import { describe, expect, test, vi } from "vitest";
import { steer } from "../src/index.ts";

const two = () => {
  const [even, evenHandle] = mockService<number, string>();
  const [odd, oddHandle] = mockService<number, string>();
  const services = [even, odd];
  const pick = vi.fn<(request: number) => number>((request) => request % 2);
  return { service: steer(services, pick), services, pick, even: evenHandle, odd: oddHandle };
};

test("the service that is picked is reserved, and called", async () => {
  const { service, even, odd } = two();
  const permit = service.tryReady(7);
  expect([even.reserved, odd.reserved]).toEqual([0, 1]);
  const answer = permit?.call(7);
  (await odd.nextRequest()).respond("odd");
  expect(await answer).toBe("odd");
});

test("pick is given the request and the services, and asked once", () => {
  const { service, services, pick } = two();
  void service.call(7);
  expect(pick.mock.calls).toEqual([[7, services]]);
});

test("promise 10: a full service does not block the others", async () => {
  const { service, even, odd } = two();
  even.allow(0);
  expect(service.tryReady(2)).toBeUndefined();
  void service.call(1);
  expect(odd.calls).toBe(1);
});

test("promise 10: a permit spent on another's request is exchanged, or refused without waiting", async () => {
  const { service, even, odd } = two();
  void service.tryReady(1)?.call(2);
  expect([odd.released, even.calls]).toEqual([1, 1]);
  even.allow(0);
  const refused = service.tryReady(1)?.call(2);
  await expect(refused).rejects.toSatisfy(isOverloadedError);
  expect([odd.reserved, even.waiting]).toEqual([0, 0]);
});

test("promise 10: a reservation without a request takes one of each", async () => {
  const { service, even, odd } = two();
  const permit = await service.ready();
  expect([even.reserved, odd.reserved]).toEqual([1, 1]);
  void permit.call(2);
  expect([even.reserved, odd.reserved, even.calls, odd.released]).toEqual([0, 0, 1, 1]);
});

test("the list may change while it runs", async () => {
  const services = [serviceFn((_request: string) => "first")];
  const last = steer(services, (_request, { length }) => length - 1);
  expect(await last.call("a")).toBe("first");
  services.push(serviceFn(() => "second"));
  expect(await last.call("a")).toBe("second");
});

test("it says what it is and what it is made of, as the list is by then", () => {
  const services = [serviceFn(() => 1)];
  const parts = partsOf(steer(services, () => 0));
  expect(parts).toMatchObject({ name: "steer", about: { traits: ["routes"] } });
  const branches = (): unknown[] => [...(parts as { branches: () => Iterable<unknown> }).branches()];
  expect(branches()).toEqual([[0, services[0]]]);
  services.push(serviceFn(() => 2));
  expect(branches()).toHaveLength(2);
});

describe("when pick answers with no index", () => {
  test.each([
    [2, "2"],
    [-1, "-1"],
    [0.5, "0.5"],
    [Number.NaN, "NaN"],
    ["length", '"length"'],
    [undefined, "undefined"],
  ])("%s: readiness fails with an error that names it", async (picked, shown) => {
    const { service, pick } = two();
    pick.mockReturnValue(picked as number);
    const error = new RangeError(`steer: pick must be the index of one of 2 services; received ${shown}`);
    expect(() => service.tryReady(1)).toThrow(error);
    await expect(service.ready({ request: 1 })).rejects.toEqual(error);
    await expect(service.call(1)).rejects.toEqual(error);
  });

  test("promise 3: a permit spent on it is given back", async () => {
    const { service, pick, even, odd } = two();
    const permits = [service.tryReady(1), service.tryReady()];
    pick.mockReturnValue(9);
    for (const permit of permits) await expect(permit?.call(2)).rejects.toThrow(RangeError);
    expect([even.reserved, odd.reserved]).toEqual([0, 0]);
  });
});

test("promise 3: when pick throws nothing is held", async () => {
  const { service, pick, even, odd } = two();
  const permit = service.tryReady(1);
  const error = new Error("cannot decide");
  pick.mockImplementation(() => {
    throw error;
  });
  expect(() => service.tryReady(2)).toThrow(error);
  await expect(permit?.call(2)).rejects.toBe(error);
  expect([even.reserved, odd.reserved]).toEqual([0, 0]);
});

test("a refusal names the limit inside", async () => {
  const full = new ServiceBuilder()
    .layer(gate(new Semaphore(0), { name: "full" }))
    .serviceFn((request: number) => request);
  const free = serviceFn((request: number) => request);
  const service = steer([free, full], (request) => request);
  await expect(service.tryReady(0)?.call(1)).rejects.toMatchObject({ layer: "full" });
});

test("a refusal by a service that gives no name is steer's", async () => {
  class Silent extends Service<number, number, never> {
    override tryReady(): undefined {}
    override ready(): Promise<never> {
      return new Promise(() => {});
    }
  }
  const free = serviceFn((request: number) => request);
  const service = steer([free, new Silent()], (request) => request);
  await expect(service.tryReady(0)?.call(1)).rejects.toMatchObject({ layer: "steer" });
});

test("promise 14: bad options are refused", () => {
  const service = serviceFn((request: number) => request);
  expect(() => steer({} as never, () => 0)).toThrow(
    new TypeError("steer: services must be an array of services; received an object"),
  );
  expect(() => steer([service, 5 as never], () => 0)).toThrow(/^steer: services\[1\] must be a service .* received 5$/);
  const unreadable = Object.defineProperty([service], 0, {
    get() {
      throw new Error("out of order");
    },
  });
  expect(() => steer(unreadable, () => 0)).toThrow(
    new TypeError("steer: services[0] could not be read; received a getter that throws"),
  );
  expect(() => steer([service], 0 as never)).toThrow(new TypeError("steer: pick must be a function; received 0"));
});
