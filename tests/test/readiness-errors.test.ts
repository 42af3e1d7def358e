import { buffer, isBufferClosedError } from "@sluice/buffer";
import { isOverloadedError, type Service, serviceFn } from "@sluice/core";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import { retry, retryPolicy } from "@sluice/retry";
import { mockService, VirtualClock } from "@sluice/testing";
import { isTimeoutError, timeout } from "@sluice/timeout";
import { isRouteNotFoundError, routingTable } from "@sluice/util-box";
import { describe, expect, test } from "vitest";
import { eachLayer } from "./helper/each-layer.ts";
import { permitOf, stacked } from "./helper/stacked.ts";
import { turn } from "@sluice/test-kit";
import { Workshop } from "./helper/workshop.ts";

const failure = new Error("not ready");

describe.each(Object.entries(eachLayer))("promise 12: a failure of readiness behind %s", (_name, make) => {
  test("is the failure of those it was told to, as it is, and the next one may ask again", async () => {
    const [inner, handle] = mockService<string, string>();
    const limit = concurrencyLimit(5);
    const service = stacked([limit, make(new VirtualClock())], inner);
    for (let round = 0; round < 3; round++) {
      handle.sendFailure(failure);
      await expect(service.call("x")).rejects.toBe(failure);
      const answer = service.call("x");
      (await handle.nextRequest()).respond("ok");
      expect(await answer).toBe("ok");
    }
    await turn();
    expect([limit.active, handle.reserved]).toEqual([0, 0]);
  });
});

describe("promise 12: each refusal passes", () => {
  test("a deadline that a rate cannot keep is refused, and a later one is served", async () => {
    const clock = new VirtualClock();
    const service = stacked(
      [timeout({ deadline: true, clock }), rateLimit({ limit: 1, interval: 100, clock })],
      serviceFn((request: string) => request),
    );
    await service.call("a");
    await expect(service.call("b", { deadline: 50 })).rejects.toSatisfy(isOverloadedError);
    expect(clock.pending).toBe(0);
    const served = service.call("c", { deadline: 150 });
    await clock.advance(100);
    expect(await served).toBe("c");
  });

  test("a wait that took too long is over, and the next one is let in", async () => {
    const clock = new VirtualClock();
    const limit = concurrencyLimit(1);
    const service = stacked(
      [timeout({ ready: 10, clock }), limit],
      serviceFn((request: string) => request),
    );
    const permit = permitOf(service);
    const waiting = service.ready().catch((error: unknown) => error);
    await clock.advance(10);
    expect(await waiting).toSatisfy(isTimeoutError);
    permit.release();
    expect(await service.call("x")).toBe("x");
    expect([limit.active, limit.waiting, clock.pending]).toEqual([0, 0, 0]);
  });

  test("a key that throws and a route that is missing hurt nobody else", async () => {
    const broken = new Error("no key");
    const table = routingTable({
      key: (request: string) => {
        if (request === "bad") throw broken;
        return request;
      },
      routes: new Map([["a", serviceFn((request: string) => request)]]),
    });
    const limit = concurrencyLimit(1);
    const service = stacked([limit, buffer({ capacity: 1 }), retry(retryPolicy({ maxRetries: 0 }))], table);
    const direct = stacked([limit], table);
    for (const each of [service, direct]) {
      await expect(each.call("bad")).rejects.toBe(broken);
      await expect(each.call("b")).rejects.toSatisfy(isRouteNotFoundError);
      expect(await each.call("a")).toBe("a");
    }
    expect(limit.active).toBe(0);
  });

  test("in a buffer it is that of the request it was asked for; those behind ask again", async () => {
    const [inner, handle] = mockService<string, string>();
    const service = stacked([timeout({ deadline: true, clock: new VirtualClock() }), buffer({ capacity: 5 })], inner);
    handle.allow(0);
    const answers = ["a", "b", "c"].map((request) => service.call(request));
    handle.sendFailure(failure);
    await expect(answers[0]).rejects.toBe(failure);
    await turn();
    handle.sendFailure(failure);
    await expect(answers[1]).rejects.toBe(failure);
    await turn();
    handle.allow(1);
    (await handle.nextRequest()).respond("C");
    expect(await answers[2]).toBe("C");
  });
});

describe("promise 12: what is closed goes on refusing", () => {
  const services = (): readonly [string, Service<string, string>, ReturnType<typeof buffer>, Workshop][] =>
    (["alone", "under a limit and a timeout", "as a route"] as const).map((where) => {
      const workshop = new Workshop();
      const queue = buffer({ capacity: 2 });
      const closing = stacked([queue], workshop.service);
      const service = {
        alone: closing,
        "under a limit and a timeout": stacked([concurrencyLimit(9), timeout(1_000), loadShed()], closing),
        "as a route": stacked([], routingTable({ key: () => "only", routes: new Map([["only", closing]]) })),
      }[where];
      return [where, service, queue, workshop];
    });

  test.each(services())("a buffer %s", async (_where, service, queue, workshop) => {
    const running = service.call("a");
    queue.close();
    for (let round = 0; round < 3; round++) {
      await expect(service.call("b")).rejects.toSatisfy(isBufferClosedError);
      await expect(service.ready({ request: "b" })).rejects.toSatisfy(isBufferClosedError);
      expect(() => service.tryReady("b")).toThrow(expect.toSatisfy(isBufferClosedError));
    }
    workshop.of("a").finish();
    expect(await running).toBe("A");
    expect(workshop.begun).toEqual(["a"]);
  });
});
