import { isOverloadedError, OverloadedError, refuse, Service, serviceFn, takeRefusal } from "@sluice/core";
import { permit as permitOf } from "@sluice/core/kit";
import { watch } from "@sluice/test-kit";
import { mockService, VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { maglev, ring } from "../src/hash/index.ts";
import { balance, type ConsistentHash, type EndpointUpdate, type HashPlaces } from "../src/index.ts";
import { type Backend, backends, entries } from "./helper/backend.ts";
import { Failing } from "./helper/failing.ts";

const settle = (): Promise<void> => new VirtualClock().advance(0);
const key = (request: string): string | undefined => (request === "any" ? undefined : request.split(" ")[0]);
const ways: readonly (readonly [string, (boundedLoad?: number) => ConsistentHash<string>])[] = [
  ["maglev", (boundedLoad) => maglev({ key, size: 1_009, boundedLoad })],
  ["ring", (boundedLoad) => ring({ key, boundedLoad })],
];
const names = (count: number) => Array.from({ length: count }, (_, nth) => ({ key: `host-${nth}`, weight: 1 }));
const keys = Array.from({ length: 20_000 }, (_, nth) => `user-${nth}`);
const all = (): boolean => true;
/** Whom each key goes to, by name. */
const homes = (places: HashPlaces, endpoints: readonly { readonly key: string }[]): string[] =>
  keys.map((each) => endpoints[places.find(each, all)]!.key);

function shares(owners: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const owner of owners) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  return counts;
}

describe.each(ways)("%s", (_name, pick) => {
  /** Whom `request` goes to: others of the same names are asked. */
  const find = (backendsNow: readonly Backend[], request: string): Backend => {
    const others = backends(backendsNow.length);
    void balance({ endpoints: entries(others), pick: pick() }).call(request);
    return backendsNow[others.findIndex(({ open }) => open.length > 0)]!;
  };

  test("sends requests of one key to one endpoint, and those of another elsewhere", () => {
    const some = backends(4);
    const service = balance({ endpoints: entries(some), pick: pick() });
    for (let call = 0; call < 5; call++) void service.call(`ann ${call}`);
    expect(some.filter(({ requests }) => requests.length > 0)).toHaveLength(1);
    for (let user = 0; user < 50; user++) void service.call(`user-${user}`);
    expect(some.every(({ requests }) => requests.length > 0)).toBe(true);
  });

  test("a request without a key goes anywhere", () => {
    const some = backends(4);
    const service = balance({ endpoints: entries(some), pick: pick() });
    for (let call = 0; call < 50; call++) void service.call("any");
    expect(some.every(({ requests }) => requests.length > 0)).toBe(true);
  });

  test("the order in which endpoints were added changes nothing for nearly all keys", () => {
    const endpoints = names(10);
    const turned = [...endpoints].reverse();
    const one = homes(pick().place(endpoints), endpoints);
    const other = homes(pick().place(turned), turned);
    expect(one.filter((home, nth) => home !== other[nth]).length / keys.length).toBeLessThan(0.05);
  });

  test("shares follow the weights", () => {
    const endpoints = [1, 2, 5].map((weight, nth) => ({ key: `host-${nth}`, weight }));
    const counts = shares(homes(pick().place(endpoints), endpoints));
    for (const [nth, share] of [1 / 8, 2 / 8, 5 / 8].entries()) {
      const seen = counts.get(`host-${nth}`)! / keys.length;
      expect(seen).toBeGreaterThan(share * 0.75);
      expect(seen).toBeLessThan(share * 1.3);
    }
  });

  test("when an endpoint goes only its keys move, nearly", () => {
    const endpoints = names(10);
    const fewer = endpoints.slice(1);
    const before = homes(pick().place(endpoints), endpoints);
    const after = homes(pick().place(fewer), fewer);
    const moved = before.filter((home, nth) => home !== "host-0" && home !== after[nth]);
    expect(moved.length / keys.length).toBeLessThan(0.05);
    expect(shares(after).size).toBe(9);
  });

  test("the next in order takes over for one that is not accepted, and -1 is nobody", () => {
    const endpoints = names(5);
    const places = pick().place(endpoints);
    const first = places.find("ann", all);
    const second = places.find("ann", (index) => index !== first);
    expect(second).not.toBe(first);
    expect(places.find("ann", () => false)).toBe(-1);
  });

  test("one that has no room is waited for, and one that fails is passed over", async () => {
    const some = backends(3, 1);
    const home = find(some, "ann");
    const service = balance({ endpoints: entries(some), pick: pick() });
    void service.call("ann 1");
    const second = watch(service.call("ann 2"));
    expect(service.tryReady("ann 3")).toBeUndefined();
    expect(takeRefusal()).toMatchObject({ layer: "slots" });
    expect(service.waiting).toBe(1);
    home.answer();
    await settle();
    home.answer();
    await settle();
    expect(second()).toEqual(["kept", home.name]);
    const [broken, handle] = mockService<string, string>();
    service.add(home.name, broken);
    handle.sendFailure(new OverloadedError("circuit"));
    void service.call("ann 4");
    expect(some.filter(({ open }) => open.length > 0)).toHaveLength(1);
  });

  test("who waits where readiness fails goes to the next, and fails when all have", async () => {
    const mocks = Array.from({ length: 3 }, () => mockService<string, string>());
    for (const [, handle] of mocks) handle.allow(0);
    const service = balance({ endpoints: mocks.map(([each], nth) => [nth, each]), pick: pick() });
    const state = watch(service.call("ann"));
    const down = new Error("down");
    for (let round = 0; round < 3; round++) {
      for (const [, handle] of mocks) handle.sendFailure(down);
      await settle();
    }
    expect(state()).toEqual(["broken", down]);
    expect(service).toMatchObject({ waiting: 0, pending: 0 });
  });

  test("a permit that is given back leaves nothing held, and a caller waits at its endpoint alone", async () => {
    const some = backends(3, 1);
    const home = find(some, "ann");
    const service = balance({ endpoints: entries(some), pick: pick() });
    service.tryReady("ann")!.release();
    expect(some.every(({ slots }) => slots.idle)).toBe(true);
    const held = service.tryReady("ann")!;
    const waiting = watch(service.ready({ request: "ann" }));
    await settle();
    const atHome = some.map((each) => (each === home ? 1 : 0));
    expect(some.map(({ slots }) => slots.waiting)).toEqual(atHome);
    expect(some.map(({ slots }) => slots.active)).toEqual(atHome);
    // Who holds the permit is not overtaken by who waits.
    const answer = held.call("ann again");
    home.answer();
    expect(await answer).toBe(home.name);
    await settle();
    expect(waiting()[0]).toBe("kept");
  });

  test("where all fail the failure is that of readiness, of a blind caller, too", () => {
    const down = new Error("down");
    const service = balance({ endpoints: ["a", "b"].map((name) => [name, new Failing(down)]), pick: pick() });
    expect(() => service.tryReady("ann")).toThrow(down);
    expect(() => service.tryReady()).toThrow(down);
    expect(service.pending).toBe(0);
  });

  test("an endpoint that has no room and does not say why: the balancer says it, with its label", async () => {
    let room = 1;
    const silent = new (class extends Service<string, string> {
      override tryReady() {
        if (room-- <= 0) return undefined;
        return permitOf<string, string>(
          () => Promise.resolve("ok"),
          () => {},
        );
      }
      override ready() {
        return new Promise<never>(() => {});
      }
    })();
    const some = backends(1);
    const service = balance<Service<string, string>>({ pick: pick(), label: "users" });
    service.add("host-0", silent);
    const permit = service.tryReady("ann")!;
    // What somebody else has said before is not about this.
    refuse("another", { reason: "rate" });
    expect(service.tryReady("ann")).toBeUndefined();
    expect(takeRefusal()).toMatchObject({ layer: "balance", label: "users", reason: "capacity" });
    // A permit of another one is exchanged for one there.
    service.delete("host-0");
    service.add("host-1", some[0]!.service);
    const other = service.tryReady("ann")!;
    service.delete("host-1");
    service.add("host-0", silent);
    refuse("another", { reason: "rate" });
    const refused: unknown = await other.call("bob").catch((error: unknown) => error);
    expect(refused).toMatchObject({ layer: "balance", label: "users", reason: "capacity" });
    permit.release();
    expect(service.pending).toBe(0);
  });

  test("a blind caller who gives up holds nothing, whether it has one already or there is none", async () => {
    const some = backends(2, 1);
    void some[1]!.service.call("x");
    const controller = new AbortController();
    const { signal } = controller;
    const service = balance({ endpoints: entries(some), pick: pick() });
    const states = [watch(service.ready({ signal })), watch(balance({ pick: pick() }).ready({ signal }))];
    await settle();
    expect(some.map(({ slots }) => slots.active)).toEqual([1, 1]);
    controller.abort("enough");
    await settle();
    for (const state of states) expect(state()).toEqual(["broken", "enough"]);
    expect(some.map(({ slots }) => slots.active)).toEqual([0, 1]);
    expect(service).toMatchObject({ waiting: 0, pending: 0 });
  });

  test("a permit that is spent on a request of another endpoint is exchanged, and tried once", async () => {
    const some = backends(3, 1);
    const ann = find(some, "ann");
    const other = Array.from({ length: 50 }, (_, nth) => `user-${nth}`).find((user) => find(some, user) !== ann)!;
    const service = balance({ endpoints: entries(some), pick: pick() });
    const permit = service.tryReady("ann")!;
    void permit.call(other);
    expect(ann.slots.active).toBe(0);
    const full = service.tryReady("ann")!;
    const refused: unknown = await full.call(other).catch((error: unknown) => error);
    expect(isOverloadedError(refused)).toBe(true);
    expect(refused).toMatchObject({ layer: "slots" });
    expect(ann.slots.active).toBe(0);
    const anywhere = service.tryReady("ann 3")!;
    void anywhere.call("any");
    ann.answer();
    await settle();
    const same = service.tryReady("ann 1")!;
    void same.call("ann 2");
    expect(ann.open).toHaveLength(1);
    expect(service.pending).toBe(2);
  });

  test("a permit for another request, when there are no endpoints any more, is refused for that", async () => {
    const some = backends(2);
    const service = balance({ endpoints: entries(some), pick: pick(), label: "users" });
    const permits = [service.tryReady("ann")!, service.tryReady()!];
    for (const { name } of some) service.delete(name);
    for (const permit of permits) {
      await expect(permit.call("bob")).rejects.toMatchObject({ layer: "balance", label: "users", reason: "endpoints" });
    }
    expect(service.pending).toBe(0);
  });

  test("a blind permit holds one of each, and gives the rest back at the call", async () => {
    const some = backends(3, 1);
    const home = find(some, "ann");
    const service = balance({ endpoints: entries(some), pick: pick() });
    const permit = service.tryReady()!;
    expect(some.map(({ slots }) => slots.active)).toEqual([1, 1, 1]);
    expect(service.tryReady()).toBeUndefined();
    const answer = permit.call("ann");
    expect(some.map(({ slots }) => slots.active).reduce((sum, active) => sum + active)).toBe(1);
    home.answer();
    expect(await answer).toBe(home.name);
    service.tryReady()!.release();
    expect(some.every(({ slots }) => slots.idle)).toBe(true);
  });

  test("a blind permit gives back what it holds in reverse, and all of it when one has no room", () => {
    const released: string[] = [];
    let full = false;
    const endpoint = (name: string): [string, Service<string, string>] => [
      name,
      new (class extends Service<string, string> {
        override tryReady() {
          if (full && name === "c") return undefined;
          return permitOf<string, string>(
            () => Promise.resolve(name),
            () => void released.push(name),
          );
        }
        override ready() {
          return new Promise<never>(() => {});
        }
      })(),
    ];
    const service = balance({ endpoints: ["a", "b", "c"].map(endpoint), pick: pick() });
    service.tryReady()!.release();
    expect(released.splice(0)).toEqual(["c", "b", "a"]);
    full = true;
    expect(service.tryReady()).toBeUndefined();
    expect(released).toEqual(["b", "a"]);
    expect(service.pending).toBe(0);
  });

  test("a blind caller waits for one of each, and an abort gives all of it back", async () => {
    const some = backends(3, 1);
    const service = balance({ endpoints: entries(some), pick: pick() });
    for (const { service: each } of some.slice(0, 2)) void each.call("x");
    const controller = new AbortController();
    const aborted = watch(service.ready({ signal: controller.signal }));
    const waiting = watch(service.ready());
    await settle();
    controller.abort("enough");
    await settle();
    expect(aborted()).toEqual(["broken", "enough"]);
    for (const backend of some.slice(0, 2)) backend.answer();
    await settle();
    expect(waiting()[0]).toBe("kept");
    (waiting()[1] as Disposable & { release(): void }).release();
    expect(some.every(({ slots }) => slots.idle)).toBe(true);
    expect(service).toMatchObject({ waiting: 0, pending: 0 });
  });

  test("a blind caller goes on without an endpoint that is deleted, and without those that fail", async () => {
    const some = backends(2, 0);
    const service = balance({ endpoints: entries(some), pick: pick() });
    const waiting = watch(service.ready());
    await settle();
    service.delete("b0");
    await settle();
    expect(waiting()[0]).toBe("pending");
    some[1]!.slots.max = 1;
    await settle();
    expect(waiting()[0]).toBe("kept");
  });

  test("a blind caller learns why when the first endpoint to come fails, and when the only one is deleted", async () => {
    const [broken, handle] = mockService<string, string>();
    handle.sendFailure(new Error("down"));
    const service = balance<Service<string, string>>({ pick: pick() });
    const first = watch(service.ready());
    service.add("a", broken);
    await settle();
    expect(first()).toMatchObject(["broken", { message: "down" }]);
    const [full] = backends(1, 0);
    const other = balance({ endpoints: entries([full!]), pick: pick(), label: "users" });
    const second = watch(other.ready());
    await settle();
    other.delete("b0");
    await settle();
    expect(second()).toMatchObject(["broken", { layer: "balance", label: "users", reason: "endpoints" }]);
    expect(other.waiting).toBe(0);
  });

  test("without endpoints it waits for the first, also a blind caller", async () => {
    const service = balance<Service<string, string>>({ pick: pick(), label: "users" });
    expect(service.tryReady("ann")).toBeUndefined();
    expect(takeRefusal()).toMatchObject({ layer: "balance", label: "users", reason: "endpoints" });
    const states = [watch(service.call("ann")), watch(service.ready())];
    await settle();
    expect(states.map((state) => state()[0])).toEqual(["pending", "pending"]);
    service.add(
      "a",
      serviceFn((request: string) => `hello ${request}`),
    );
    await settle();
    expect(states[0]!()).toEqual(["kept", "hello ann"]);
    expect(states[1]!()[0]).toBe("kept");
  });

  test("a key that throws or is none is a failure of readiness, or of the call, and nothing is held", async () => {
    const some = backends(2, 1);
    const down = new Error("no key");
    const throwing = (request: string): string => {
      if (request === "bad") throw down;
      return request === "none" ? ({} as never) : request;
    };
    for (const service of [
      balance({ endpoints: entries(some), pick: maglev({ key: throwing, size: 101 }) }),
      balance({ endpoints: entries(some), pick: ring({ key: throwing }) }),
    ]) {
      expect(() => service.tryReady("bad")).toThrow(down);
      await expect(service.call("bad")).rejects.toBe(down);
      await expect(service.call("none")).rejects.toThrow(/key must return a string, a number or undefined/);
      await expect(service.tryReady("ann")!.call("bad")).rejects.toBe(down);
      await expect(service.tryReady()!.call("bad")).rejects.toBe(down);
      expect(some.every(({ slots }) => slots.idle)).toBe(true);
      expect(service).toMatchObject({ waiting: 0, pending: 0 });
    }
  });

  test("an endpoint under a key that has no name is refused, and changes nothing", async () => {
    const wrong = /the key of an endpoint must be a string or a number; received an object/;
    const service = balance<Service<string, string>>({ pick: pick(), endpoints: [["a", serviceFn(String)]] });
    expect(() => service.add({}, serviceFn(String))).toThrow(wrong);
    expect(await service.call("ann")).toBe("ann");
    expect(service.size).toBe(1);
    expect(() => balance({ pick: pick(), endpoints: [[{}, serviceFn(String)]] })).toThrow(wrong);
    expect(() => pick().place([{ key: {}, weight: 1 }])).toThrow(wrong);
  });

  test("an endpoint of a discovery under a key that has no name is told of, and the others are called", async () => {
    async function* updates(): AsyncGenerator<EndpointUpdate<Service<string, string>>> {
      yield { add: [{}, serviceFn(String)] };
      yield { add: ["a", serviceFn(String)] };
    }
    const changes: string[] = [];
    const service = balance<Service<string, string>>({
      pick: pick(),
      endpoints: updates(),
      onChange: ({ type }) => void changes.push(type),
    });
    expect(await service.call("ann")).toBe("ann");
    expect(changes).toEqual(["discovery-failed", "added"]);
  });

  test("a blind permit is good for every key, also where an endpoint's readiness has failed", async () => {
    const some = backends(1);
    const broken = new Failing(new Error("down"));
    const endpoints: [string, Service<string, string>][] = [
      ["b0", some[0]!.service],
      ["b1", broken],
    ];
    const service = balance({ endpoints, pick: pick() });
    const users = Array.from({ length: 20 }, (_, nth) => `user-${nth}`);
    for (const user of users) for (const permit of [service.tryReady()!, await service.ready()]) void permit.call(user);
    expect(some[0]!.requests).toEqual(users.flatMap((user) => [user, user]));
    // Where none of those is left, another is tried.
    const permit = service.tryReady()!;
    service.delete("b0");
    await expect(permit.call("ann")).rejects.toThrow("down");
  });

  test("a blind caller goes on without an endpoint that is ejected while it waits there", async () => {
    const clock = new VirtualClock();
    const some = backends(3, 1);
    const outliers = { consecutive: 1, base: 1_000 };
    const service = balance({ endpoints: entries(some), pick: pick(), outliers, clock });
    service.call("ann").catch(() => {});
    const home = some.find(({ open }) => open.length > 0)!;
    const waiting = watch(service.ready());
    await clock.advance(0);
    expect(waiting()[0]).toBe("pending");
    home.fail(new Error("down"));
    await clock.advance(0);
    expect(waiting()[0]).toBe("kept");
    expect(some.map(({ slots }) => slots.active)).toEqual(some.map((each) => (each === home ? 0 : 1)));
  });

  test("one that is ejected is passed over, and has its keys back afterwards", async () => {
    const clock = new VirtualClock();
    const some = backends(3);
    const home = find(some, "ann");
    const options = { outliers: { consecutive: 1, base: 1_000 }, panic: 0, clock };
    for (const boundedLoad of [undefined, 2]) {
      const service = balance({ endpoints: entries(some), pick: pick(boundedLoad), ...options });
      service.call("ann").catch(() => {});
      home.fail(new Error("down"));
      await clock.advance(0);
      expect(service.ejected).toBe(1);
      void service.call("ann");
      expect(home.open).toHaveLength(0);
      await clock.advance(1_000);
      void service.call("ann");
      expect(home.open).toHaveLength(1);
      for (const each of some) while (each.open.length > 0) each.answer();
      await clock.advance(0);
    }
  });

  test("where all below the bound fail, one above it is better than none", async () => {
    const some = backends(2);
    const home = find(some, "ann");
    const broken = new Failing(new Error("down"));
    const endpoints = some.map(({ name, service }): [string, Service<string, string>] => [
      name,
      name === home.name ? service : broken,
    ]);
    const service = balance({ endpoints, pick: pick(1.1) });
    for (let call = 0; call < 5; call++) void service.call("ann");
    expect(home.open).toHaveLength(5);
  });

  test("a request for one that has its share goes to the next, and to it again when there is room", () => {
    const some = backends(4);
    const service = balance({ endpoints: entries(some), pick: pick(1.5) });
    for (let call = 1; call <= 100; call++) {
      void service.call("ann");
      const most = Math.max(...some.map(({ open }) => open.length));
      expect(most).toBeLessThanOrEqual(Math.ceil((1.5 * call) / 4));
    }
    // All of one key: without a bound all 100 were at one.
    expect(Math.max(...some.map(({ open }) => open.length))).toBe(38);
  });

  test("the bound holds beside an endpoint that was deleted, and one that is ejected, where calls have not ended", async () => {
    const some = backends(4);
    const outliers = { consecutive: 1, maxPercent: 50 };
    const service = balance({ endpoints: entries(some), pick: pick(1.5), outliers, panic: 0 });
    const open = (): number[] => some.map((each) => each.open.length);
    for (let user = 0; user < 400; user++) void service.call(`user-${user}`).catch(() => {});
    const [gone, failing, ...others] = some;
    service.delete(gone!.name);
    failing!.fail(new Error("down"));
    for (const each of others) while (each.open.length > 0) each.answer();
    await settle();
    const before = open();
    for (let call = 1; call <= 20; call++) {
      void service.call("ann");
      expect(Math.max(...open().slice(2))).toBeLessThanOrEqual(Math.ceil((1.5 * call) / 2));
    }
    expect(before[0]! + before[1]!).toBeGreaterThan(100);
    expect(open().slice(0, 2)).toEqual(before.slice(0, 2));
  });
});

test("an endpoint without an entry in the table of maglev is the last in order", () => {
  const light: [string, Service<string, string>, { weight: number }] = ["light", serviceFn(String), { weight: 1e-6 }];
  const broken = new Failing(new Error("down"));
  const service = balance({ endpoints: [light, ["heavy", broken]], pick: maglev({ key, size: 1_009 }) });
  for (let user = 0; user < 20; user++) expect(service.tryReady(`user-${user}`)).toBeDefined();
  const places = maglev({ key, size: 3 }).place(names(5));
  const seen: number[] = [];
  expect(places.find("ann", (index) => seen.push(index) < 0)).toBe(-1);
  expect(new Set(seen)).toEqual(new Set([0, 1, 2, 3, 4]));
});

test("a key may be a number, and goes where its text goes", () => {
  const [numbers, texts] = [backends(4), backends(4)];
  const byNumber = balance<Service<string, string>>({
    endpoints: entries(numbers),
    pick: ring({ key: (request: string) => Number(request) }),
  });
  const byText = balance<Service<string, string>>({ endpoints: entries(texts), pick: ring({ key: String }) });
  for (let id = 0; id < 50; id++) for (const each of [byNumber, byText]) void each.call(String(id));
  expect(numbers.map(({ requests }) => requests)).toEqual(texts.map(({ requests }) => requests));
});

describe("a key is for the same endpoint in every process, and in every version", () => {
  /** MurmurHash3 of 32-bit blocks by the book, in whole numbers. */
  function murmur3(blocks: readonly number[], seed: number): number {
    const u32 = (value: bigint): bigint => value & 0xffff_ffffn;
    const turned = (value: bigint, bits: bigint): bigint => u32(value << bits) | (value >> (32n - bits));
    let hash = BigInt(seed);
    for (const block of blocks) {
      const mixed = u32(turned(u32(BigInt(block) * 0xcc9e2d51n), 15n) * 0x1b873593n);
      hash = u32(turned(hash ^ mixed, 13n) * 5n + 0xe6546b64n);
    }
    hash ^= BigInt(blocks.length);
    hash = u32((hash ^ (hash >> 16n)) * 0x85ebca6bn);
    hash = u32((hash ^ (hash >> 13n)) * 0xc2b2ae35n);
    return Number(hash ^ (hash >> 16n));
  }
  const unitsOf = (text: string): number[] => Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));

  test("on a ring that of the first point at its hash or after it, around the end", () => {
    const endpoints = names(5);
    const points = endpoints
      .flatMap((endpoint, index) => [0, 1, 2].map((nth) => ({ text: `${endpoint.key}#${nth}`, index })))
      .map(({ text, index }) => ({ text, index, position: murmur3(unitsOf(text), 0) }));
    points.sort((one, other) => one.position - other.position);
    const places = ring({ key, points: 3 }).place(endpoints);
    for (const each of [...keys.slice(0, 200), ...points.map(({ text }) => text), "", "é€😀"]) {
      const hash = murmur3(unitsOf(each), 0);
      const home = points.find(({ position }) => position >= hash) ?? points[0]!;
      expect([each, places.find(each, all)]).toEqual([each, home.index]);
    }
  });

  test("in the table of maglev that whose turn it was to take the entry", () => {
    const size = 31;
    const endpoints = names(5);
    const orders = endpoints.map((endpoint) => {
      const [offset, skip] = [1, 2].map((seed) => murmur3(unitsOf(endpoint.key), seed)) as [number, number];
      return Array.from({ length: size }, (_, nth) => ((offset % size) + nth * ((skip % (size - 1)) + 1)) % size);
    });
    const table = new Map<number, number>();
    for (let turn = 0; table.size < size; turn++) {
      const index = turn % orders.length;
      if (table.size < size)
        table.set(
          orders[index]!.find((entry) => !table.has(entry))!,
          index,
        );
    }
    const places = maglev({ key, size }).place(endpoints);
    for (const each of keys.slice(0, 200)) {
      const home = table.get(murmur3(unitsOf(each), 0) % size)!;
      expect([each, places.find(each, all)]).toEqual([each, home]);
    }
  });
});

test("the bound is by weight: one of three times the weight may have three times as much", () => {
  const homesSeen = new Set<string>();
  for (const user of keys.slice(0, 20)) {
    const some = backends(2);
    const service = balance<Backend["service"]>({ pick: ring({ key, boundedLoad: 1.01 }) });
    service.add("b0", some[0]!.service, { weight: 1 });
    service.add("b1", some[1]!.service, { weight: 3 });
    // All of one key: one has its share, and what is more is for the other.
    for (let call = 0; call < 100; call++) {
      void service.call(user);
      if (call === 0) homesSeen.add(some.find(({ open }) => open.length > 0)!.name);
    }
    for (const [nth, share] of [25, 75].entries()) {
      expect(Math.abs(some[nth]!.open.length - share)).toBeLessThanOrEqual(1);
    }
  }
  expect(homesSeen.size).toBe(2);
});

test("a weight with which an endpoint had too many points on a ring is refused, and changes nothing", async () => {
  const service = balance<Service<string, string>>({ pick: ring({ key }), endpoints: [["a", serviceFn(String)]] });
  expect(() => service.add("a", serviceFn(String), { weight: 1e9 })).toThrow(
    new RangeError("ring: weight must be a number above 0 and at most 6250; received 1000000000"),
  );
  expect(service.endpoints.map(({ weight }) => weight)).toEqual([1]);
  expect(await service.call("ann")).toBe("ann");
  const heavy = balance<Service<string, string>>({ pick: ring({ key, points: 1 }) });
  heavy.add("a", serviceFn(String), { weight: 8_192 });
  expect(await heavy.call("ann")).toBe("ann");
});

test("a hash of one's own may refuse endpoints, or look at them when it makes their places", async () => {
  const mine = { name: "mine", key, place: () => ({ find: () => 0 }) };
  const service = balance<Service<string, string>>({ pick: mine, endpoints: [[{}, serviceFn(String)]] });
  expect(await service.call("ann")).toBe("ann");
  const check = (endpoint: { readonly weight: number }): void => {
    if (endpoint.weight > 1) throw new RangeError("too heavy");
  };
  const picky = balance<Service<string, string>>({ pick: { ...mine, check } });
  expect(() => picky.add("a", serviceFn(String), { weight: 2 })).toThrow("too heavy");
  picky.add("a", serviceFn(String));
  expect(picky.size).toBe(1);
  expect(() => balance({ pick: { ...mine, check: "strict" as never } })).toThrow(
    new TypeError('balance: pick.check must be a function; received "strict"'),
  );
});

test("a hash that cannot place the endpoints fails for whoever comes, and nobody goes by the places of before", () => {
  const place = (): never => {
    throw new Error("no places");
  };
  const service = balance({ pick: { name: "mine", key, place }, endpoints: entries(backends(1)) });
  for (let caller = 0; caller < 3; caller++) expect(() => service.tryReady("ann")).toThrow("no places");
});

test("where points of a ring meet, the order in which endpoints were added decides nothing", () => {
  const endpoints = names(25);
  const turned = [...endpoints].reverse();
  const meeting = ring({ key, points: 10_000 });
  expect(homes(meeting.place(endpoints), endpoints)).toEqual(homes(meeting.place(turned), turned));
});

test.each([
  ["maglev", "size", [2, 4, 1_000, 5_000_012, "x"], (size: never) => maglev({ key, size })],
  ["ring", "points", [0, 10_001, 1.5, "x"], (points: never) => ring({ key, points })],
  ["maglev", "boundedLoad", [1, 0.5, Number.NaN, Infinity, "x"], (boundedLoad: never) => maglev({ key, boundedLoad })],
  ["maglev", "key", [1, undefined, "x"], (bad: never) => maglev({ key: bad })],
  ["ring", "key", [1, undefined, "x"], (bad: never) => ring({ key: bad })],
])("%s refuses %s where it is not in its range", (of, option, values, make) => {
  for (const value of values) expect(() => make(value as never)).toThrow(`${of}: ${option} must be`);
});

test("a table of so many entries that could not be gone through in every step says so", () => {
  expect(() => maglev({ key, size: 9 })).toThrow(new RangeError("maglev: size must be a prime number; received 9"));
  expect(() => maglev({ key, size: 3 })).not.toThrow();
  expect(() => ring({ key, pionts: 5 } as never)).toThrow("ring: pionts is not an option; did you mean points?");
  expect(() => maglev({ key, sise: 5 } as never)).toThrow("maglev: sise is not an option; did you mean size?");
});
