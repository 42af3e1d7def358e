import { type AnyService, serviceFn } from "@sluice/core";
import { deferred, turn, unhandledIn, watch } from "@sluice/test-kit";
import { VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { balance, type BalanceChange, type EndpointUpdate } from "../src/index.ts";
import { Backend, backends, entries } from "./helper/backend.ts";

const settle = (): Promise<void> => new VirtualClock().advance(0);
type Users = Backend["service"];

describe("endpoints that come and go", () => {
  test("a Map is read once", () => {
    const all = backends(2);
    const map = new Map(entries(all));
    const service = balance({ endpoints: map });
    map.clear();
    expect(service.size).toBe(2);
    expect(service.endpoints.map(({ key }) => key)).toEqual(["b0", "b1"]);
  });

  test("without endpoints callers wait, and the first that comes serves the first who waits", async () => {
    const service = balance<Users>();
    const calls = ["a", "b"].map((request) => watch(service.call(request)));
    expect(service.waiting).toBe(2);
    const [first] = backends(1, 1);
    service.add("b0", first!.service);
    await settle();
    expect(first!.requests).toEqual(["a"]);
    expect(service.waiting).toBe(1);
    first!.answer();
    await settle();
    expect(calls[0]!()).toEqual(["kept", "b0"]);
    expect(first!.requests).toEqual(["a", "b"]);
  });

  test("one that is added is asked by all who wait", async () => {
    const [old, fresh] = [new Backend("old", 1), new Backend("fresh", 2)];
    const service = balance({ endpoints: entries([old]) });
    for (const request of ["first", "a", "b", "c"]) void service.call(request);
    service.add("fresh", fresh.service);
    await settle();
    expect(fresh.requests).toEqual(["a", "b"]);
    expect(service.waiting).toBe(1);
  });

  test("once those who waited have been let in, newcomers are let in where there is room", async () => {
    const [old, fresh] = [new Backend("old", 1), new Backend("fresh", 3)];
    const service = balance({ endpoints: entries([old]) });
    for (const request of ["first", "a"]) void service.call(request);
    service.add("fresh", fresh.service);
    // Not before who was there.
    expect(service.tryReady("newcomer")).toBeUndefined();
    await settle();
    expect(fresh.requests).toEqual(["a"]);
    for (let newcomer = 0; newcomer < 2; newcomer++) expect(service.tryReady("newcomer")).toBeDefined();
    expect(service.tryReady("newcomer")).toBeUndefined();
  });

  test("deleting one ends no call, hands nothing out there, and wakes who waited only there", async () => {
    const all = backends(2, 1);
    const service = balance({ endpoints: entries(all.slice(0, 1)) });
    const running = watch(service.call("first"));
    void service.call("a");
    service.add("b1", all[1]!.service);
    all[1]!.slots.max = 0;
    await settle();
    expect(service.delete("b0")).toBe(true);
    expect(service.delete("b0")).toBe(false);
    all[0]!.answer();
    await settle();
    expect(running()).toEqual(["kept", "b0"]);
    expect(all[0]!.requests).toEqual(["first"]);
    expect(all[0]!.slots.active).toBe(0);
    all[1]!.slots.max = 1;
    await settle();
    expect(all[1]!.requests).toEqual(["a"]);
  });

  test("who waited only at the one that was deleted waits for the next that comes", async () => {
    const all = backends(2, 1);
    const service = balance({ endpoints: entries(all.slice(0, 1)) });
    void service.call("first");
    const call = watch(service.call("a"));
    service.delete("b0");
    await settle();
    expect(service.waiting).toBe(1);
    expect(call()[0]).toBe("pending");
    service.add("b1", all[1]!.service);
    await settle();
    expect(all[1]!.requests).toEqual(["a"]);
  });

  test("a permit in hand of one that was deleted stays good", async () => {
    const all = backends(1);
    const service = balance({ endpoints: entries(all) });
    const permit = service.tryReady("a")!;
    service.delete("b0");
    expect(service).toMatchObject({ size: 0, pending: 1 });
    const answer = permit.call("a");
    all[0]!.answer();
    expect(await answer).toBe("b0");
    expect(service.pending).toBe(0);
  });

  test("adding under a key that is there replaces it", () => {
    const [old, fresh] = [new Backend("old"), new Backend("fresh")];
    const service = balance<Users>({ endpoints: [["a", old.service]] });
    service.add("a", fresh.service, { weight: 2 });
    void service.call("x");
    expect(service.endpoints.map(({ key, weight }) => [key, weight])).toEqual([["a", 2]]);
    expect([old.requests.length, fresh.requests.length]).toEqual([0, 1]);
  });

  test("where a listener adds one under the key that is being replaced, there is one, and it can be deleted", () => {
    const [old, mine, fresh] = [new Backend("old"), new Backend("mine"), new Backend("fresh")];
    const changes: string[] = [];
    const service = balance<Users>({
      endpoints: [["a", old.service]],
      onChange: ({ type }) => {
        changes.push(type);
        if (type === "deleted" && service.size === 0 && changes.length < 3) service.add("a", mine.service);
      },
    });
    service.add("a", fresh.service);
    expect(service.size).toBe(1);
    void service.call("x");
    expect([mine.requests.length, fresh.requests.length]).toEqual([1, 0]);
    expect(service.delete("a")).toBe(true);
    expect(service.size).toBe(0);
    expect(changes).toEqual(["added", "deleted", "added", "deleted"]);
  });

  test("one that is added again with another weight has room where a call of before ends", async () => {
    const all = backends(2, 1);
    const service = balance({ endpoints: entries(all), waitAt: 1, random: () => 0 });
    for (let call = 0; call < 2; call++) void service.call("first");
    service.add("b0", all[0]!.service, { weight: 2 });
    // In the line of the other alone, which is the first by now.
    void service.call("a");
    expect(all.map(({ slots }) => slots.waiting)).toEqual([0, 1]);
    all[0]!.answer();
    await settle();
    expect(all[0]!.requests).toEqual(["first", "a"]);
    // Not where another service has its key.
    service.add("b0", new Backend("b2", 0).service);
    void service.call("b");
    all[0]!.answer();
    await settle();
    expect(all[0]!.requests).toEqual(["first", "a"]);
    expect(service.waiting).toBe(1);
  });

  test("without outliers none was ever ejected", () => {
    const service = balance({ endpoints: entries(backends(1)) });
    expect(service.endpoints[0]).toMatchObject({ ejections: 0, ejectedUntil: undefined });
    expect(service).toMatchObject({ ejected: 0, panicking: false });
  });

  test("what is no service, and a weight that is none, is refused and changes nothing", () => {
    const service = balance({ endpoints: entries(backends(1)) });
    expect(() => service.add("b0", {} as never)).toThrow(/balance: service must be a service/);
    for (const weight of [0, -1, Number.NaN, Infinity, "1" as never]) {
      expect(() => service.add("b0", serviceFn(String), { weight })).toThrow(/balance: weight must be/);
    }
    expect(() => service.add("b0", serviceFn(String), { wieght: 1 } as never)).toThrow(/did you mean weight/);
    expect(service.size).toBe(1);
  });
});

describe("discovery", () => {
  test("an async iterable adds and deletes, until it ends", async () => {
    const all = backends(2);
    const next = deferred();
    async function* updates(): AsyncGenerator<EndpointUpdate<Users>> {
      yield { add: ["b0", all[0]!.service] };
      yield { add: ["b1", all[1]!.service, { weight: 3 }] };
      await next.promise;
      yield { delete: "b0" };
    }
    const changes: string[] = [];
    const service = balance({
      endpoints: updates(),
      onChange: (change) =>
        changes.push("endpoint" in change ? `${change.type} ${String(change.endpoint.key)}` : "failed"),
    });
    const call = watch(service.call("x"));
    await settle();
    expect(service.endpoints.map(({ key, weight }) => [key, weight])).toEqual([
      ["b0", 1],
      ["b1", 3],
    ]);
    next.resolve();
    await settle();
    expect(service.endpoints.map(({ key }) => key)).toEqual(["b1"]);
    expect(changes).toEqual(["added b0", "added b1", "deleted b0"]);
    for (const each of all) if (each.open.length > 0) each.answer();
    await settle();
    expect(call()[0]).toBe("kept");
  });

  test("one that fails is told of, and the endpoints that are there stay", async () => {
    const all = backends(1);
    const down = new Error("registry is down");
    async function* updates(): AsyncGenerator<EndpointUpdate<Users>> {
      yield { add: ["b0", all[0]!.service] };
      await settle();
      throw down;
    }
    const changes: BalanceChange[] = [];
    const service = balance({ endpoints: updates(), onChange: (change) => void changes.push(change) });
    const reported = await unhandledIn(() => turn());
    expect(reported).toEqual([]);
    expect(changes.at(-1)).toEqual({ type: "discovery-failed", cause: down });
    expect(service.size).toBe(1);
  });

  test("what cannot be used is told of, and the next is read", async () => {
    const all = backends(1);
    async function* updates(): AsyncGenerator<EndpointUpdate<Users>> {
      for (const bad of [undefined, 1, {}, { add: 1 }, { add: ["a"] }, { add: ["a", 5] }]) yield bad as never;
      yield { add: ["b0", all[0]!.service, { weight: 0 }] };
      yield { add: ["b0", all[0]!.service] };
    }
    const changes: BalanceChange[] = [];
    const service = balance({ endpoints: updates(), onChange: (change) => void changes.push(change) });
    await turn();
    expect(changes.map(({ type }) => type)).toEqual([...Array.from({ length: 7 }, () => "discovery-failed"), "added"]);
    const wanted = "balance: an update of endpoints must be { add: [key, service] } or { delete: key }; received";
    const messages = changes.slice(0, 7).map((change) => "cause" in change && (change.cause as Error).message);
    expect(messages).toEqual(
      ["undefined", "1", ...Array.from({ length: 5 }, () => "an object")].map((bad) => `${wanted} ${bad}`),
    );
    // And what was wrong with it.
    const causes = changes
      .slice(0, 7)
      .map((change) => "cause" in change && (change.cause as { cause: Error }).cause.message);
    expect(causes[2]).toBe("It has neither add nor delete.");
    expect(causes.slice(5)).toEqual([
      "balance: service must be a service (with tryReady, ready, call); received 5",
      "balance: weight must be a number above 0; received 0",
    ]);
    expect(service.size).toBe(1);
  });

  test("stopDiscovery reads no more, and has the source clean up", async () => {
    let cleaned = 0;
    const [first, second] = backends(2);
    const step = deferred<IteratorResult<EndpointUpdate<Users>>>();
    const steps = [Promise.resolve({ done: false, value: { add: ["b0", first!.service] } } as const), step.promise];
    const source: AsyncIterable<EndpointUpdate<Users>> = {
      [Symbol.asyncIterator]: () => ({
        next: () => steps.shift() as never,
        return: () => {
          cleaned++;
          return Promise.resolve({ done: true, value: undefined });
        },
      }),
    };
    const service = balance({ endpoints: source });
    await turn();
    service.stopDiscovery();
    service.stopDiscovery();
    step.resolve({ done: false, value: { add: ["b1", second!.service] } });
    await turn();
    expect(cleaned).toBe(1);
    expect(service.size).toBe(1);
    expect(() => balance().stopDiscovery()).not.toThrow();
  });

  test("a source that throws or rejects while it is stopped is reported, and one that fails later is not told of", async () => {
    const changes: BalanceChange[] = [];
    const failing = (end: () => Promise<never>): AsyncIterable<never> => ({
      [Symbol.asyncIterator]: () => ({ next: () => turn().then(() => Promise.reject(new Error("late"))), return: end }),
    });
    const reported = await unhandledIn(async () => {
      const ends = [
        () => {
          throw new Error("thrown");
        },
        () => Promise.reject(new Error("rejected")),
      ];
      for (const end of ends) {
        balance<AnyService>({
          endpoints: failing(end),
          onChange: (change) => void changes.push(change),
        }).stopDiscovery();
      }
      await turn();
      await turn();
    });
    expect(reported.map(String)).toEqual(["Error: thrown", "Error: rejected"]);
    expect(changes).toEqual([]);
  });
});
