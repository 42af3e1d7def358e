import { isOverloadedError, type Service, ServiceBuilder } from "@sluice/core";
import { keyed, type KeyedLayer } from "@sluice/keyed";
import { memoryStore, type RateStore, SharedRate, SharedSemaphore } from "@sluice/limit-shared";
import { redisStore } from "@sluice/limit-shared/redis";
import { loadShed } from "@sluice/load-shed";
import { deferred } from "@sluice/test-kit";
import { redisServer, respClient, serverForTests } from "@sluice/test-kit/redis";
import { VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";

const real = await serverForTests();

/** A hundred a minute for each client. With a `hold` of 100 ms none of it is kept in stock. */
const perMinute = { key: "client", limit: 100, interval: 60_000, hold: 100, timeout: 100 };

/** A process of several that share a limit for each client. A request is a client's name. */
interface Process {
  readonly rate: SharedRate;
  readonly perClient: KeyedLayer<string, string, Error, SharedRate>;
  readonly service: Service<string, string, Error>;
}

/** A caller that would have to wait for longer than `wait` is refused. */
function process(rate: SharedRate, { wait, maxKeys, clock }: { wait: number; maxKeys: number; clock?: VirtualClock }) {
  const perClient = keyed({ key: (client: string) => client, gate: (client) => rate.forKey(client), maxKeys });
  const service = new ServiceBuilder()
    .layer(loadShed({ wait, clock }))
    .layer(perClient)
    .serviceFn(async (client: string) => client);
  return { rate, perClient, service };
}

/** The outcomes of calls of `client`: `"ok"`, or the reason of a refusal. */
async function call({ service }: Process, client: string): Promise<string> {
  return service.call(client).then(
    () => "ok",
    (error: unknown) => (isOverloadedError(error) ? (error.reason ?? "no reason") : String(error)),
  );
}

/** Three processes over one store, on a virtual clock. A question takes 1 ms there and 1 ms back. */
class Fleet {
  readonly clock: VirtualClock = new VirtualClock(1_000);
  readonly processes: readonly Process[];
  isDown = false;

  constructor(maxKeys: number) {
    const { clock } = this;
    const memory = memoryStore({ clock });
    const after = (ms: number): Promise<void> => new Promise((resolve) => void clock.setTimeout(resolve, ms));
    const store: RateStore = {
      take: async (key, ask) => {
        await after(1);
        if (this.isDown) return new Promise(() => {});
        const answer = await memory.take(key, ask);
        await after(1);
        return answer;
      },
    };
    this.processes = [0, 1, 2].map(() =>
      process(new SharedRate({ ...perMinute, store, clock }), { wait: 20, maxKeys, clock }),
    );
  }

  /** Each client calls one process, chosen as by a load balancer, 1 ms after the client before. Returns the counts of the outcomes. */
  async calls(clients: Iterable<string>): Promise<Record<string, number>> {
    const outcomes: Promise<string>[] = [];
    for (const client of clients) {
      outcomes.push(call(this.processes[outcomes.length % 3]!, client));
      await this.clock.advanceAsync(1);
    }
    await this.clock.advanceAsync(200);
    const counts: Record<string, number> = {};
    for (const outcome of await Promise.all(outcomes)) counts[outcome] = (counts[outcome] ?? 0) + 1;
    return counts;
  }
}

function* strangers(count: number, name: string): Iterable<string> {
  for (let nth = 0; nth < count; nth++) yield `${name} ${nth}`;
}

function* times(count: number, client: string): Iterable<string> {
  for (let nth = 0; nth < count; nth++) yield client;
}

describe("a rate for each client of a fleet", () => {
  test("is one quota, to whichever process its requests go, and each client has its own", async () => {
    const fleet = new Fleet(100);
    const counts = await fleet.calls(times(400, "ann"));
    // In 400 ms only the part of the burst is gained that was subtracted for `hold`.
    expect(counts["ok"]).toBeGreaterThanOrEqual(99);
    expect(counts["ok"]).toBeLessThanOrEqual(101);
    expect(counts["rate"]).toBe(400 - counts["ok"]!);
    expect(await fleet.calls(times(90, "bob"))).toEqual({ ok: 90 });
  });

  test("costs no round trip for those who are refused until there is something to be had", async () => {
    const fleet = new Fleet(100);
    await fleet.calls(times(200, "ann"));
    const trips = () => fleet.processes.reduce((sum, { rate }) => sum + rate.trips, 0);
    const before = trips();
    expect((await fleet.calls(times(3_000, "ann")))["rate"]).toBeGreaterThan(2_900);
    // A token comes each 600 ms.
    expect(trips() - before).toBeLessThan(3 * (3_000 / 600 + 2));
  });

  test("needs no more than `maxKeys` places for many strangers, and gives nobody a quota back", async () => {
    const fleet = new Fleet(50);
    expect((await fleet.calls(times(200, "ann")))["rate"]).toBeGreaterThan(90);
    expect(await fleet.calls(strangers(1_000, "stranger"))).toEqual({ ok: 1_000 });
    for (const { perClient, rate } of fleet.processes) {
      expect(perClient.size).toBeLessThanOrEqual(50);
      expect(perClient.get("ann")).toBeUndefined();
      expect(rate.members).toBeLessThanOrEqual(3);
    }
    // Time for two tokens.
    expect((await fleet.calls(times(30, "ann")))["ok"] ?? 0).toBeLessThanOrEqual(3);
  });

  test("goes on in an outage with a third of it in each process, also for strangers, and when each has had its place before", async () => {
    // A client that has started keeps its gate for 1.8 s, the time in which a third of the rate regains the token.
    const fleet = new Fleet(100);
    // All three processes know a frequent client, so they know of each other.
    await fleet.calls(times(9, "popular"));
    fleet.isDown = true;
    // The first question detects the outage: callers until then are refused, in each process.
    const first = await fleet.calls(strangers(300, "early"));
    expect(first["ok"]).toBeGreaterThan(150);
    expect(fleet.processes.map(({ rate }) => rate.state)).toEqual(["down", "down", "down"]);
    expect((await fleet.calls(times(200, "ann")))["ok"]).toBeLessThanOrEqual(100);
    await fleet.clock.advanceAsync(3_000);
    let ok = 0;
    for (let part = 0; part < 10; part++) {
      ok += (await fleet.calls(strangers(60, `late ${part}`)))["ok"] ?? 0;
      await fleet.clock.advanceAsync(2_000);
    }
    expect(ok).toBe(600);
    fleet.isDown = false;
    await fleet.clock.advanceAsync(2_000);
    await fleet.calls(times(9, "popular"));
    await fleet.clock.advanceAsync(2_000);
    expect(fleet.processes.map(({ rate }) => rate.state)).toEqual(["up", "up", "up"]);
    expect(await fleet.calls(strangers(300, "after"))).toEqual({ ok: 300 });
  });
});

test("slots for each key: of a key that is forgotten and comes back there are as many", async () => {
  const clock = new VirtualClock();
  const slots = new SharedSemaphore({ store: memoryStore({ clock }), key: "host", max: 1, clock });
  const perHost = keyed({ key: (host: string) => host, gate: (host) => slots.forKey(host), maxKeys: 1 });
  const service = new ServiceBuilder().layer(perHost).serviceFn(async (host: string) => host);
  expect(await service.call("a")).toBe("a");
  await clock.advanceAsync(1_000);
  for (const host of ["b", "a"]) {
    expect(await service.call(host)).toBe(host);
    await clock.advanceAsync(1_000);
  }
  expect([perHost.size, perHost.evicted, slots.members]).toEqual([1, 2, 1]);
});

test.skipIf(real.missing)(
  `a rate for each client, by three connections to ${real.name}`,
  { timeout: 60_000 },
  async () => {
    await using server = await redisServer();
    using first = await respClient(server.port);
    using second = await respClient(server.port);
    using third = await respClient(server.port);
    const started = new Map<string, number>();
    // The tokens that may be held within `hold` are subtracted from the burst: 17.
    const most = deferred<void>();
    const processes = [first, second, third].map((client) => {
      const store = redisStore({ send: (args) => client.send(args) });
      // A busy machine is not an outage, and waiting callers wait until they are admitted.
      const rate = new SharedRate({ ...perMinute, hold: 10_000, timeout: 10_000, outage: "refuse", store });
      const perClient = keyed({ key: (who: string) => who, gate: (who) => rate.forKey(who) });
      const service = new ServiceBuilder().layer(perClient).serviceFn(async (who: string) => {
        started.set(who, (started.get(who) ?? 0) + 1);
        if (started.get("ann") === 80) most.resolve();
      });
      return { rate, perClient, service };
    });
    const all = (who: Iterable<string>) => [...who].map((each, nth) => processes[nth % 3]!.service.call(each));
    const began = performance.now();
    const calls = Promise.allSettled(all(times(160, "ann")));
    await most.promise;
    const count = started.get("ann")!;
    const passed = performance.now() - began;
    expect(count).toBeLessThanOrEqual(100 + (perMinute.limit * passed) / perMinute.interval);
    await Promise.all(processes.map(async ({ perClient }) => perClient.get("ann")!.close()));
    const outcomes = await calls;
    expect(outcomes.filter(({ status }) => status === "fulfilled").length).toBe(started.get("ann"));
    await Promise.all(all(strangers(300, "stranger")));
    expect(started.size).toBe(301);
    expect(processes.map(({ rate }) => rate.state)).toEqual(["up", "up", "up"]);
    // Two keys for each client: its bucket and its members. All expire by themselves.
    expect(await server.command("DBSIZE")).toBe(2 * 301);
    expect(await server.command("TTL", "sluice:{client:stranger 7}:bucket")).toBeGreaterThan(0);
    expect(await server.command("TTL", "sluice:{client:stranger 7}:members")).toBeGreaterThan(0);
  },
);
