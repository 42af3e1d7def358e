import { VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { memoryStore } from "../../src/store/memory-store.ts";
import type { Store, TakeAnswer, TakeAsk } from "../../src/store/store.ts";
import { takeAsk } from "../helper/asks.ts";

/** A bucket of 10 that gains one token each 100 ms, and members that number their questions themselves. */
class Bench {
  readonly clock: VirtualClock = new VirtualClock();
  readonly store: Store = memoryStore({ clock: this.clock });
  private number = 0;

  take(ask: Partial<TakeAsk> = {}): Promise<TakeAnswer> {
    return this.store.take("key", takeAsk({ number: ++this.number, ...ask }));
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
  }
}

describe("what is granted", () => {
  test("is what the bucket holds, at once, and then what it gains", async () => {
    const bench = new Bench();
    expect(await bench.take({ count: 20 })).toMatchObject({ granted: 10, first: -900 });
    expect(await bench.take({ count: 20 })).toMatchObject({ granted: 0, first: 100 });
    await bench.pass(99);
    expect(await bench.take({ count: 20 })).toMatchObject({ granted: 0, first: 1 });
    await bench.pass(1);
    expect(await bench.take({ count: 20 })).toMatchObject({ granted: 1, first: 0 });
    await bench.pass(100_000);
    expect(await bench.take({ count: 20 })).toMatchObject({ granted: 10 });
  });

  test("is as much of the future as may be waited for, in the order of the questions", async () => {
    const bench = new Bench();
    await bench.take({ count: 10 });
    expect(await bench.take({ member: "a", count: 20, ahead: 250 })).toMatchObject({ granted: 2, first: 100 });
    expect(await bench.take({ member: "b", count: 1, ahead: 250 })).toMatchObject({ granted: 0, first: 300 });
    expect(await bench.take({ member: "b", count: 1, ahead: 300 })).toMatchObject({ granted: 1, first: 300 });
    await bench.pass(300);
    expect(await bench.take({ member: "c", count: 5 })).toMatchObject({ granted: 0, first: 100 });
  });

  test("is nothing where nothing is asked for", async () => {
    const bench = new Bench();
    expect(await bench.take({ count: 0 })).toMatchObject({ granted: 0, first: -900 });
    expect(await bench.take({ count: 20 })).toMatchObject({ granted: 10 });
  });

  test("is a whole token or none, where the burst is no whole number", async () => {
    const bench = new Bench();
    expect(await bench.take({ count: 20, burst: 2.5 })).toMatchObject({ granted: 2 });
    await bench.pass(50);
    expect(await bench.take({ count: 20, burst: 2.5 })).toMatchObject({ granted: 1 });
  });

  test("is nothing at first where a fresh bucket is empty", async () => {
    const bench = new Bench();
    expect(await bench.take({ fresh: "empty" })).toMatchObject({ granted: 0, first: 100 });
    await bench.pass(1_000);
    expect(await bench.take({ fresh: "empty", count: 20 })).toMatchObject({ granted: 10 });
    // It is remembered while it stands idle.
    await bench.pass(3_600_000);
    expect(await bench.take({ fresh: "empty", count: 20 })).toMatchObject({ granted: 10 });
  });
});

test("starts without a token are counted, also where the bucket holds too few", async () => {
  const bench = new Bench();
  expect(await bench.take({ debt: 15, count: 0 })).toMatchObject({ granted: 0, first: 600 });
  await bench.pass(600);
  expect(await bench.take({ count: 5 })).toMatchObject({ granted: 1 });
});

describe("tokens that are given back", () => {
  test("are there for whoever asks next", async () => {
    const bench = new Bench();
    const { stamp } = await bench.take({ member: "a", count: 10 });
    expect(await bench.take({ member: "b", count: 1 })).toMatchObject({ granted: 0 });
    await bench.take({ member: "a", count: 0, unused: 4, stamp });
    expect(await bench.take({ member: "b", count: 10 })).toMatchObject({ granted: 4 });
  });

  test("of the future are there with their dates, where nobody has asked in between", async () => {
    const bench = new Bench();
    const { stamp } = await bench.take({ member: "a", count: 13, ahead: 300 });
    await bench.take({ member: "a", count: 0, unused: 3, stamp });
    expect(await bench.take({ member: "b", count: 1, ahead: 100 })).toMatchObject({ granted: 1, first: 100 });
  });

  test("come back also where a bucket holds one", async () => {
    const bench = new Bench();
    const { stamp } = await bench.take({ burst: 1 });
    expect(await bench.take({ burst: 1, count: 0, unused: 1, stamp })).toMatchObject({ first: 0 });
    await bench.take({ burst: 1 });
    const later = await bench.take({ burst: 1, ahead: 100 });
    expect(later).toMatchObject({ granted: 1, first: 100 });
    await bench.pass(50);
    expect(await bench.take({ burst: 1, count: 0, unused: 1, stamp: later.stamp })).toMatchObject({ first: 50 });
  });

  test("are lost where the bucket has been full in between", async () => {
    const bench = new Bench();
    const { stamp } = await bench.take({ member: "a", count: 4 });
    await bench.pass(400);
    await bench.take({ member: "b", count: 4 });
    await bench.take({ member: "a", count: 0, unused: 4, stamp });
    expect(await bench.take({ member: "b", count: 10 })).toMatchObject({ granted: 6 });
  });

  test("come back as far as the bucket had room for them all the while", async () => {
    const bench = new Bench();
    const { stamp } = await bench.take({ member: "a", count: 4 });
    // Holds 6 and gains 3: with the four it would have been full, and would have gained nothing.
    await bench.pass(300);
    await bench.take({ member: "b", count: 9 });
    await bench.take({ member: "a", count: 0, unused: 4, stamp });
    expect(await bench.take({ member: "b", count: 10 })).toMatchObject({ granted: 1 });
  });

  test("under a stamp that is none of the bucket's are lost", async () => {
    const bench = new Bench();
    await bench.take({ count: 10 });
    for (const stamp of ["", "x", "-1"]) await bench.take({ member: "b", count: 0, unused: 5, stamp });
    expect(await bench.take({ count: 10 })).toMatchObject({ granted: 0 });
  });

  test("come back in the second period after, and no later", async () => {
    const bench = new Bench();
    // Never full, and each period is as long as it takes to gain the burst.
    const { stamp } = await bench.take({ member: "a", count: 10 });
    const { stamp: other } = await bench.take({ member: "b", count: 0, debt: 10 });
    expect(other).toBe(stamp);
    await bench.pass(1_000);
    const next = await bench.take({ member: "b", count: 0, debt: 10 });
    expect(next.stamp).not.toBe(stamp);
    expect(await bench.take({ member: "a", count: 0, unused: 2, stamp })).toMatchObject({ first: next.first - 200 });
    await bench.pass(1_000);
    const last = await bench.take({ member: "b", count: 0, debt: 10 });
    expect(await bench.take({ member: "a", count: 0, unused: 2, stamp })).toMatchObject({ first: last.first });
  });

  test("never let more start than the bucket allows, whoever keeps them back for how long", async () => {
    for (let round = 0; round < 60; round++) expect(await overshoot(round)).toBeLessThan(1e-6);
  });
});

/**
 * Members take, keep back and return at random. How far the dates of those tokens that stayed out exceed a bucket of the burst: each is used
 * when it is good, or later when it was asked for later.
 */
async function overshoot(round: number): Promise<number> {
  const bench = new Bench();
  const burst = [1, 3.5, 10, 40][round % 4] as number;
  const kept: { member: string; stamp: string; dates: number[] }[] = [];
  const used: number[] = [];
  const below = (end: number) => Math.floor(Math.random() * end);
  for (let step = 0; step < 300; step++) {
    // Now and then for so long that the bucket is nearly full.
    await bench.pass(below(10) === 0 ? below(burst * 100) : below(100));
    const member = `m${below(4)}`;
    const mine = kept.filter((each) => each.member === member);
    const back = mine[below(mine.length)];
    const returned = below(2) === 0 ? back : undefined;
    if (returned !== undefined) kept.splice(kept.indexOf(returned), 1);
    const ask = {
      burst,
      member,
      count: below(2) * below(burst + 3),
      ahead: below(3) === 0 ? 400 : 0,
      unused: returned?.dates.length ?? 0,
      stamp: returned?.stamp ?? "",
    };
    const now = bench.clock.now();
    const { granted, first, stamp } = await bench.take(ask);
    const dates = Array.from({ length: granted }, (_, index) => Math.max(now, now + first + index * 100));
    const mayStay = Math.random();
    const staying = dates.filter(() => Math.random() < mayStay);
    used.push(...staying);
    if (staying.length < granted) kept.push({ member, stamp, dates: dates.filter((date) => !staying.includes(date)) });
  }
  used.push(...kept.flatMap(({ dates }) => dates));
  used.sort((a, b) => a - b);
  let level = burst;
  let last = 0;
  let over = 0;
  for (const date of used) {
    level = Math.min(burst, level + (date - last) / 100) - 1;
    last = date;
    over = Math.max(over, -level);
  }
  return over;
}

describe("a question that is sent again", () => {
  test("is granted nothing, posts nothing and gives nothing back", async () => {
    const bench = new Bench();
    const { stamp } = await bench.take({ member: "a", number: 1, count: 10 });
    const ask = { member: "a", number: 2, count: 1, unused: 3, stamp } as const;
    expect(await bench.take(ask)).toMatchObject({ granted: 1 });
    const again = await bench.take(ask);
    expect(again).toMatchObject({ granted: 0, first: -100 });
    expect(await bench.take({ ...ask, number: 1, debt: 5 })).toMatchObject({ granted: 0, first: -100 });
    expect(await bench.take({ member: "b", number: 1, count: 10 })).toMatchObject({ granted: 2 });
  });
});

describe("where the store's clock steps back", () => {
  /** A clock that says so much less than it did. */
  function behind() {
    const clock = new VirtualClock();
    let back = 0;
    const store = memoryStore({ clock: { now: () => 1e9 + clock.now() - back, setTimeout() {}, clearTimeout() {} } });
    let number = 0;
    return {
      clock,
      stepBack: (ms: number) => void (back += ms),
      take: (ask: Partial<TakeAsk>) => store.take("key", takeAsk({ number: ++number, ...ask })),
    };
  }

  test("nobody waits longer for it, and nobody is given more", async () => {
    const { clock, stepBack, take } = behind();
    await take({ count: 10 });
    await clock.advance(50);
    const before = await take({});
    expect(before).toMatchObject({ granted: 0, first: 50 });
    stepBack(30_000);
    expect(await take({})).toMatchObject({ granted: 0, first: 50 });
    await clock.advance(50);
    expect(await take({ count: 5 })).toMatchObject({ granted: 1 });
  });

  test("tokens that are out can be given back all the same, and members still count", async () => {
    const { clock, stepBack, take } = behind();
    const { stamp } = await take({ member: "a", count: 10 });
    stepBack(30_000);
    expect(await take({ member: "b" })).toMatchObject({ members: 2 });
    await take({ member: "a", count: 0, unused: 4, stamp });
    expect(await take({ member: "b", count: 10 })).toMatchObject({ granted: 4 });
    await clock.advance(25_000);
    expect(await take({ member: "b" })).toMatchObject({ members: 1 });
  });
});

describe("where members disagree", () => {
  test("each is told what the one before said, and what was used stays used", async () => {
    const bench = new Bench();
    await bench.take({ count: 10 });
    await bench.pass(50);
    const answer = await bench.take({ member: "b", limit: 1, burst: 1 });
    // Half a token was gained by the old terms; it becomes whole at one a second. A bucket of 1 that has given 9.5 owes 8.5.
    expect(answer).toMatchObject({ granted: 0, first: 9_500, conflict: { limit: 10, interval: 1_000, burst: 10 } });
    expect(await bench.take({ member: "b", limit: 1, burst: 1 })).toMatchObject({ first: 9_500, conflict: undefined });
    expect(await bench.take({ member: "a" })).toMatchObject({
      first: 50,
      conflict: { limit: 1, interval: 1_000, burst: 1 },
    });
  });

  test("tokens of the old terms cannot be given back under the new ones", async () => {
    const bench = new Bench();
    const { stamp } = await bench.take({ count: 10 });
    await bench.pass(1);
    expect(await bench.take({ limit: 20, count: 0, unused: 10, stamp })).toMatchObject({
      first: expect.closeTo(49.5) as unknown,
    });
  });
});

describe("members", () => {
  test("are those that have asked lately", async () => {
    const bench = new Bench();
    expect(await bench.take({ member: "a" })).toMatchObject({ members: 1 });
    expect(await bench.take({ member: "b" })).toMatchObject({ members: 2 });
    await bench.pass(9_000);
    expect(await bench.take({ member: "b" })).toMatchObject({ members: 2 });
    await bench.pass(11_000);
    expect(await bench.take({ member: "b" })).toMatchObject({ members: 1 });
  });

  test("that ask once in two intervals count, however long the interval is", async () => {
    const bench = new Bench();
    await bench.take({ member: "a", interval: 60_000 });
    await bench.pass(119_000);
    expect(await bench.take({ member: "b", interval: 60_000 })).toMatchObject({ members: 2 });
  });
});

test("two keys are two limits", async () => {
  const bench = new Bench();
  await bench.take({ count: 10 });
  expect(await bench.store.take("other", takeAsk({ count: 10 }))).toMatchObject({ granted: 10 });
});
