import { type AnyService, OverloadedError, refuse, serviceFn, Service, takeRefusal } from "@sluice/core";
import { unhandledIn } from "@sluice/test-kit";
import { VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { balance, type BalanceEndpoint } from "../src/index.ts";
import type { Endpoint } from "../src/endpoint.ts";
import { Repeats } from "../src/repeats.ts";
import { Backend, backends, entries } from "./helper/backend.ts";
import { Failing } from "./helper/failing.ts";

describe("choosing", () => {
  test("the one with less pending of two is chosen", () => {
    const all = backends(2);
    const service = balance({ endpoints: entries(all) });
    for (let call = 0; call < 10; call++) void service.call("x");
    expect(all.map(({ requests }) => requests.length)).toEqual([5, 5]);
    expect(service.endpoints.map(({ pending }) => pending)).toEqual([5, 5]);
    expect(service.pending).toBe(10);
  });

  test("a permit is capacity at exactly one endpoint, and pending counts it until the work has settled", async () => {
    const all = backends(3, 1);
    const service = balance({ endpoints: entries(all) });
    const permit = service.tryReady("x");
    expect(all.reduce((held, { slots }) => held + slots.active, 0)).toBe(1);
    expect(service.pending).toBe(1);
    const answer = permit!.call("x");
    const asked = all.find(({ open }) => open.length === 1)!;
    asked.answer();
    expect(await answer).toBe(asked.name);
    expect(service.pending).toBe(0);
    service.tryReady()!.release();
    expect(service.endpoints.map(({ pending }) => pending)).toEqual([0, 0, 0]);
  });

  test("with room anywhere nobody waits", () => {
    const all = backends(20, 1);
    const service = balance({ endpoints: entries(all) });
    for (let call = 0; call < 20; call++) expect(service.tryReady("x")).toBeDefined();
    expect(service.tryReady("x")).toBeUndefined();
  });

  test("where two have room no others are asked", () => {
    let asked = 0;
    const endpoint = (): AnyService =>
      new (class extends Service<unknown, number> {
        override tryReady() {
          asked++;
          return undefined;
        }
        override ready() {
          return Promise.reject(new OverloadedError("never"));
        }
      })();
    const all = [endpoint(), ...Array.from({ length: 999 }, () => serviceFn(() => 1))] as Service<unknown, number>[];
    const service = balance({ endpoints: all.map((each, nth) => [nth, each]) });
    for (let call = 0; call < 1_000; call++) service.tryReady();
    // Each endpoint is one of the two in 2 of 1,000 questions.
    expect(asked).toBeLessThan(20);
  });

  test("shares follow the weights, and so do the loads", () => {
    const all = backends(3);
    const service = balance<Backend["service"]>();
    for (const [index, { name, service: each }] of all.entries()) service.add(name, each, { weight: 1 + index * 2 });
    for (let call = 0; call < 900; call++) void service.call("x");
    const [light, middle, heavy] = all.map(({ requests }) => requests.length);
    expect(light).toBeGreaterThan(80);
    expect(light).toBeLessThan(120);
    expect(middle).toBeGreaterThan(270);
    expect(middle).toBeLessThan(330);
    expect(heavy).toBeGreaterThan(460);
  });

  test("a place at random is by the weights", () => {
    const all = backends(3);
    let drawn = 0;
    const service = balance<Backend["service"]>({ random: () => drawn });
    for (const [index, weight] of [1, 2, 5].entries()) service.add(`b${index}`, all[index]!.service, { weight });
    const chosen = (number: number): unknown => {
      drawn = number;
      // None has anything to do, so that the first of the two is chosen.
      const permit = service.tryReady("x")!;
      const { key } = service.endpoints.find(({ pending }) => pending === 1)!;
      permit.release();
      return key;
    };
    const edges = [0, 0.124, 0.125, 0.374, 0.375, 0.999];
    expect(edges.map(chosen)).toEqual(["b0", "b0", "b1", "b1", "b2", "b2"]);
    service.delete("b0");
    expect([0, 0.285, 0.286].map(chosen)).toEqual(["b1", "b1", "b2"]);
  });

  test("a load of one's own is divided by the weight, and may be without end", () => {
    const all = backends(3);
    const load = ({ key }: BalanceEndpoint): number => (key === "b2" ? Infinity : 3);
    const service = balance<Backend["service"]>({ load });
    for (const [index, weight] of [1, 4].entries()) service.add(`b${index}`, all[index]!.service, { weight });
    for (let call = 0; call < 5; call++) void service.call("x");
    expect(all.map(({ requests }) => requests.length)).toEqual([0, 5, 0]);
    service.delete("b1");
    service.add("b2", all[2]!.service, { weight: 9 });
    for (let call = 0; call < 5; call++) void service.call("x");
    expect(all.map(({ requests }) => requests.length)).toEqual([5, 5, 0]);
  });

  test("a load of one's own is asked, and what throws or is no number is reported and counts as pending", async () => {
    const all = backends(2);
    const load = ({ key }: BalanceEndpoint): number => (key === "b0" ? 2 : 1);
    const service = balance({ endpoints: entries(all), load });
    for (let call = 0; call < 5; call++) void service.call("x");
    expect(all.map(({ requests }) => requests.length)).toEqual([0, 5]);
    for (const bad of [() => Number.NaN, () => "1" as never, () => -1]) {
      const others = backends(2);
      const reported = await unhandledIn(() => {
        const other = balance({ endpoints: entries(others), load: bad });
        for (let call = 0; call < 4; call++) void other.call("x");
      });
      expect(reported.length).toBeGreaterThan(0);
      expect(String(reported[0])).toContain("what load returns");
      expect(others.map(({ requests }) => requests.length)).toEqual([2, 2]);
    }
  });

  test("an answer of random that is out of range is as good as 0", () => {
    for (const bad of [1, -1, Number.NaN, "x" as never]) {
      const service = balance({ endpoints: entries(backends(3)), random: () => bad });
      expect(service.tryReady("x")).toBeDefined();
    }
  });
});

describe("what has no room", () => {
  test("all refuse: the least retryAfter is left, with the layer that said it", () => {
    const refusing = (retryAfter: number | undefined) =>
      new (class extends Service<string, string> {
        override tryReady() {
          return retryAfter === undefined ? undefined : refuse("rate", { reason: "rate", retryAfter });
        }
        override ready() {
          return new Promise<never>(() => {});
        }
      })();
    const service = balance({ endpoints: [300, 100, undefined, 200].map((ms, nth) => [nth, refusing(ms)]) });
    expect(service.tryReady("x")).toBeUndefined();
    expect(takeRefusal()).toMatchObject({ layer: "rate", retryAfter: 100 });
  });

  test("an endpoint that has no room and does not say why: the balancer says it, with its label", () => {
    const silent = new (class extends Service<string, string> {
      override tryReady() {
        return undefined;
      }
      override ready() {
        return new Promise<never>(() => {});
      }
    })();
    const service = balance({ endpoints: [["a", silent]], label: "users" });
    expect(service.tryReady("x")).toBeUndefined();
    expect(takeRefusal()).toMatchObject({ layer: "balance", label: "users", reason: "capacity" });
  });

  test("all throw: the failure with the least retryAfter is thrown", async () => {
    const failures = [new Error("down"), new OverloadedError("b", { retryAfter: 50 }), new OverloadedError("c")];
    const service = balance({ endpoints: failures.map((failure, nth) => [nth, new Failing(failure)]) });
    expect(() => service.tryReady("x")).toThrow(failures[1]);
    await expect(service.ready()).rejects.toBe(failures[1]);
    await expect(service.call("x")).rejects.toBe(failures[1]);
    expect(service).toMatchObject({ pending: 0, waiting: 0 });
  });

  test("one that throws is passed over", () => {
    const good = new Backend("good");
    const failing = new Failing(new Error("down"));
    const service = balance({ endpoints: [["bad", failing], ...entries([good])] });
    for (let call = 0; call < 10; call++) void service.call("x");
    expect(good.requests).toHaveLength(10);
    expect(failing.asked).toBeGreaterThan(0);
    expect(service.pending).toBe(10);
  });

  test("where one has no room and another throws, callers wait for the former", async () => {
    const [full] = backends(1, 0);
    const service = balance({ endpoints: [["bad", new Failing(new Error("down"))], ...entries([full!])] });
    expect(service.tryReady("x")).toBeUndefined();
    const waiting = service.call("x");
    full!.slots.max = 1;
    await new VirtualClock().advance(0);
    full!.answer();
    expect(await waiting).toBe("b0");
  });

  test("without endpoints it is not ready, and says why", () => {
    const service = balance<Backend["service"]>({ label: "users" });
    expect(service.tryReady("x")).toBeUndefined();
    expect(takeRefusal()).toMatchObject({ layer: "balance", label: "users", reason: "endpoints" });
  });
});

describe("a request that comes again", () => {
  test("goes to another endpoint, by identity, until it has been at all of them", () => {
    const all = backends(3);
    const asked: string[] = [];
    const services = all.map(({ name }): [string, Service<{ id: number }, string>] => [
      name,
      serviceFn(() => {
        asked.push(name);
        return name;
      }),
    ]);
    const service = balance({ endpoints: services, avoidRepeats: true });
    for (let round = 0; round < 50; round++) {
      const request = { id: round };
      for (let attempt = 0; attempt < 3; attempt++) void service.call(request);
      expect(new Set(asked.splice(0)).size).toBe(3);
      void service.call(request);
      expect(asked.splice(0)).toHaveLength(1);
    }
  });

  test("waits in the lines of others first, and is served where it was when there is nothing else", async () => {
    const all = backends(3, 1);
    const service = balance<Service<never, string>>({ endpoints: entries(all), avoidRepeats: true, waitAt: 2 });
    const request = { id: 1 } as never;
    void service.call(request);
    const been = all.find(({ open }) => open.length === 1)!;
    for (let call = 0; call < 2; call++) void service.call({ id: 2 } as never);
    void service.call(request);
    expect(been.slots.waiting).toBe(0);
    expect(service.waiting).toBe(1);
    const alone = balance<Service<never, string>>({ endpoints: entries([been]), avoidRepeats: true });
    been.slots.max = 2;
    expect(alone.tryReady(request)).toBeDefined();
  });

  test("remembers no endpoint that was deleted, however long a request lives", () => {
    const repeats = new Repeats();
    const request = {};
    const seen = Array.from({ length: 100 }, () => ({ deleted: false }));
    for (const endpoint of seen) {
      repeats.note(request, endpoint as Endpoint);
      repeats.note(request, endpoint as Endpoint);
      expect(repeats.of(request)).toEqual([endpoint]);
      endpoint.deleted = true;
    }
  });

  test("text has no identity", () => {
    const service = balance({ endpoints: entries(backends(1)), avoidRepeats: true });
    expect(() => void service.call("x")).not.toThrow();
    expect(service.pending).toBe(1);
  });
});
