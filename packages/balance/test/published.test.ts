import { gate, Semaphore, type Service, ServiceBuilder, serviceFn } from "@sluice/core";
import { VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { maglev, ring } from "../src/hash/index.ts";
import { balance, type BalanceOptions, type HashPlaces, type Placed } from "../src/index.ts";
import { entries, backends } from "./helper/backend.ts";

const endpoints = (count: number): Placed[] =>
  Array.from({ length: count }, (_, nth) => ({ key: `10.0.0.${nth}`, weight: 1 }));
const all = (): boolean => true;

/** How many keys each endpoint has, of so many. */
function shares(places: HashPlaces, count: number, keys: number): number[] {
  const counts = Array.from({ length: count }, () => 0);
  for (let nth = 0; nth < keys; nth++) counts[places.find(nth, all)]!++;
  return counts;
}

describe("two choices (Mitzenmacher 2001): n calls on n endpoints", () => {
  const n = 1_000;
  const fullest = (options: Omit<BalanceOptions<Service<string, string>>, "endpoints">): number => {
    const some = backends(n);
    const service = balance({ endpoints: entries(some), ...options });
    for (let call = 0; call < n; call++) void service.call("x");
    return Math.max(...some.map(({ open }) => open.length));
  };

  test("by two choices the fullest has ln ln n / ln 2 + O(1)", () => {
    // 2.8 and a small constant; the lead over one choice is what is exponential.
    expect(fullest({})).toBeLessThanOrEqual(4);
  });

  test("by one choice it has more", () => {
    // The same by a load that says nothing: then the first of the two is taken.
    expect(fullest({ load: () => 1 })).toBeGreaterThanOrEqual(5);
  });
});

describe("Maglev (NSDI 2016)", () => {
  const fifty = endpoints(50);
  const size = 65_537;
  const table = (some: readonly Placed[]): number[] => {
    const places = maglev({ key: String, size }).place(some);
    return Array.from({ length: 200_000 }, (_, key) => places.find(key, all));
  };

  test("a table of more than 100 entries for each endpoint spreads within 1 %", () => {
    const counts = entryCounts(fifty, size);
    expect(Math.max(...counts) / Math.min(...counts)).toBeLessThan(1.01);
  });

  test("when one of 50 goes, few keys move besides its own", () => {
    const before = table(fifty);
    const after = table(fifty.slice(0, -1));
    const others = before.filter((home) => home !== 49).length;
    const moved = before.filter((home, key) => home !== 49 && home !== after[key]).length;
    expect(moved / others).toBeLessThan(0.02);
    // And its own are spread over all.
    const heirs = new Set(after.filter((_, key) => before[key] === 49));
    expect(heirs.size).toBe(49);
  });
});

/** How many entries of the table each endpoint has. */
function entryCounts(some: readonly Placed[], size: number): number[] {
  const places = maglev({ key: String, size }).place(some) as HashPlaces & { readonly entries: Int32Array };
  const counts = some.map(() => 0);
  for (const index of places.entries) counts[index]!++;
  return counts;
}

describe("a ring (Karger et al. 1997)", () => {
  test("when one of 50 goes no other key moves", () => {
    const fifty = endpoints(50);
    const before = ring({ key: String }).place(fifty);
    const after = ring({ key: String }).place(fifty.slice(0, -1));
    let moved = 0;
    for (let key = 0; key < 50_000; key++) {
      const home = before.find(key, all);
      if (home !== 49 && after.find(key, all) !== home) moved++;
    }
    expect(moved).toBe(0);
  });

  test("with 160 points each the fullest of 50 has less than 1.35 times the average", () => {
    const counts = shares(ring({ key: String }).place(endpoints(50)), 50, 100_000);
    expect(Math.max(...counts) / (100_000 / 50)).toBeLessThan(1.35);
  });
});

describe("bounded loads (Mirrokni, Thorup, Zadimoghaddam 2016)", () => {
  test.each([
    ["maglev", maglev({ key: String, boundedLoad: 1.25 })],
    ["ring", ring({ key: String, boundedLoad: 1.25 })],
  ])("by %s none is ever above the ceiling of 1.25 times the average, whatever the keys", (_name, pick) => {
    const some = backends(20);
    const service = balance({ endpoints: entries(some), pick });
    let pending = 0;
    for (let call = 0; call < 2_000; call++) {
      // Half of all requests are for ten keys.
      void service.call(call % 2 === 0 ? `hot-${call % 10}` : `user-${call}`);
      pending++;
      expect(Math.max(...some.map(({ open }) => open.length))).toBeLessThanOrEqual(Math.ceil((1.25 * pending) / 20));
      if (call % 3 === 0) {
        some.find(({ open }) => open.length > 0)!.answer();
        // Settled in a microtask: what is pending counts it until then.
        pending = service.pending;
      }
    }
  });
});

describe("tower's demonstration of load balancing: 50 at a time, endpoints of at most 1, 4 × 10, 4 × 100 and 1,000 ms", () => {
  const requests = 10_000;

  /** How long it takes, in virtual milliseconds, and how many calls take more than 200 ms. */
  async function demonstrate(options: Omit<BalanceOptions<Service<number, number>>, "endpoints" | "clock">) {
    const clock = new VirtualClock();
    const slowest = [1, 10, 10, 10, 10, 100, 100, 100, 100, 1_000];
    const service = balance<Service<number, number>>({ clock, ...options });
    for (const [nth, ms] of slowest.entries()) {
      const answer = serviceFn(
        (request: number) =>
          new Promise<number>((resolve) => void clock.setTimeout(() => resolve(request), Math.random() * ms)),
      );
      service.add(nth, new ServiceBuilder().layer(gate(new Semaphore(50), { name: "limit" })).service(answer));
    }
    const latencies: number[] = [];
    let sent = 0;
    const caller = async (): Promise<void> => {
      while (sent < requests) {
        const start = clock.now();
        await service.call(sent++);
        latencies.push(clock.now() - start);
      }
    };
    const done = Promise.all(Array.from({ length: 50 }, caller));
    let over = false;
    void done.then(() => (over = true));
    while (!over) await clock.advance(1);
    return { took: clock.now(), slow: latencies.filter((ms) => ms > 200).length };
  }

  test("by latency it is quicker than by pending, and that is quicker than without looking", async () => {
    const peak = await demonstrate({ load: "peak-ewma", defaultRtt: 30 });
    const pending = await demonstrate({});
    const blind = await demonstrate({ load: () => 1 });
    // Published, of 50,000 requests: 15 s and 105 ms, 18 s and 857 ms; 72 s and 988 ms by round robin.
    const share = requests / 50_000;
    expect(peak.took).toBeLessThan(18_000 * share);
    expect(pending.took).toBeLessThan(22_000 * share);
    expect(blind.took).toBeGreaterThan(60_000 * share);
    expect(peak.slow).toBeLessThan(pending.slow / 2);
    expect(pending.slow).toBeLessThan(blind.slow / 2);
  });
});
