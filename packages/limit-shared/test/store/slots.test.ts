import { VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { memoryStore } from "../../src/store/memory-store.ts";
import type { ShareAnswer, ShareAsk, Store } from "../../src/store/store.ts";
import { shareAsk } from "../helper/asks.ts";

/** Members that keep what they are given, and number their questions. */
class Fleet {
  readonly clock: VirtualClock = new VirtualClock();
  readonly held = new Map<string, number>();
  private readonly store: Store = memoryStore({ clock: this.clock });
  private readonly terms: Partial<ShareAsk>;
  private number = 0;

  constructor(terms: Partial<ShareAsk> = {}) {
    this.terms = terms;
  }

  /** The member keeps all that it has, where nothing else is said. */
  async ask(member: string, want: number, ask: Partial<ShareAsk> = {}): Promise<ShareAnswer> {
    const keep = this.held.get(member) ?? 0;
    const question = shareAsk({ member, number: ++this.number, keep, want, ...this.terms, ...ask });
    const answer = await this.store.share("key", question);
    this.held.set(member, question.keep + answer.more);
    return answer;
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
  }

  get all(): number {
    let all = 0;
    for (const held of this.held.values()) all += held;
    return all;
  }
}

describe("what a member is given", () => {
  test("is all it wants while nobody else wants it", async () => {
    const fleet = new Fleet();
    expect(await fleet.ask("a", 5)).toMatchObject({ more: 5, lacking: 0, members: 1 });
    expect(await fleet.ask("a", 20)).toMatchObject({ more: 3, lacking: 0 });
    expect(await fleet.ask("a", 20)).toMatchObject({ more: 0 });
  });

  test("is what it lacks of its fair level, as soon as that is free", async () => {
    const fleet = new Fleet();
    await fleet.ask("a", 20);
    expect(await fleet.ask("b", 20)).toMatchObject({ more: 0, level: 4 });
    expect(await fleet.ask("a", 20)).toMatchObject({ more: 0, level: 4, lacking: 4 });
    expect(await fleet.ask("a", 20, { keep: 5 })).toMatchObject({ more: 0, lacking: 4 });
    expect(await fleet.ask("b", 20)).toMatchObject({ more: 3 });
    expect(await fleet.ask("a", 20, { keep: 4 })).toMatchObject({ more: 0, lacking: 1 });
    expect(await fleet.ask("b", 20)).toMatchObject({ more: 1, lacking: 0 });
    expect(await fleet.ask("a", 20)).toMatchObject({ more: 0, lacking: 0 });
  });

  test("is the fair level of those who want much, where others want little", async () => {
    const fleet = new Fleet({ max: 20 });
    for (const [member, want] of [
      ["a", 2],
      ["b", 2],
      ["c", 20],
      ["d", 20],
    ] as const)
      await fleet.ask(member, want);
    expect(await fleet.ask("c", 20, { keep: 0 })).toMatchObject({ level: 8, more: 8, lacking: 8 });
    expect(await fleet.ask("d", 20)).toMatchObject({ level: 8, lacking: 0 });
    expect(fleet.held).toEqual(
      new Map([
        ["a", 2],
        ["b", 2],
        ["c", 8],
        ["d", 8],
      ]),
    );
  });

  test("is also what is left over where slots do not divide evenly", async () => {
    const fleet = new Fleet({ max: 8 });
    for (const member of ["a", "b", "c"]) await fleet.ask(member, 2);
    for (const member of ["a", "b", "c"]) expect(await fleet.ask(member, 9)).toMatchObject({ lacking: 0 });
    expect(fleet.all).toBe(8);
  });

  test("is nothing where there are no slots", async () => {
    const fleet = new Fleet({ max: 0 });
    expect(await fleet.ask("a", 5)).toMatchObject({ more: 0, level: 0, lacking: 0 });
  });
});

describe("where there are fewer slots than members", () => {
  test("each has one at most, and those who have been short the longest come first", async () => {
    const fleet = new Fleet({ max: 2 });
    const members = ["a", "b", "c", "d"];
    for (const member of members) {
      await fleet.ask(member, 5);
      await fleet.pass(1);
    }
    // The first had both when it was alone, and gives one back after each call.
    expect(await fleet.ask("a", 5, { keep: 1 })).toMatchObject({ more: 0, level: 0, lacking: 3, older: 3 });
    expect(await fleet.ask("d", 5)).toMatchObject({ more: 0, older: 2 });
    expect(await fleet.ask("c", 5)).toMatchObject({ more: 0, older: 1 });
    expect(await fleet.ask("b", 5)).toMatchObject({ more: 1, older: 0 });
    await fleet.pass(1);
    expect(await fleet.ask("a", 5, { keep: 0 })).toMatchObject({ more: 0, lacking: 2, older: 2 });
    expect(await fleet.ask("d", 5)).toMatchObject({ more: 0, older: 1 });
    expect(await fleet.ask("c", 5)).toMatchObject({ more: 1 });
  });

  test("all are served in turn, for as long as they want", async () => {
    const fleet = new Fleet({ max: 3 });
    const members = ["a", "b", "c", "d", "e", "f", "g"];
    const served = new Map(members.map((member) => [member, 0]));
    for (let step = 0; step < 700; step++) {
      await fleet.pass(1);
      const member = members[Math.floor(Math.random() * members.length)] as string;
      // A call has ended: its slot goes back.
      const { more } = await fleet.ask(member, 5, { keep: 0 });
      expect(fleet.all).toBeLessThanOrEqual(3);
      served.set(member, (served.get(member) as number) + more);
    }
    const counts = [...served.values()];
    expect(Math.max(...counts)).toBeLessThan(2 * Math.min(...counts));
  });
});

describe("a lease", () => {
  test("ends when nothing was heard of its member for its time", async () => {
    const fleet = new Fleet({ ttl: 1_000 });
    await fleet.ask("a", 8);
    await fleet.pass(999);
    expect(await fleet.ask("b", 8, { ttl: 5_000 })).toMatchObject({ more: 0, members: 2 });
    await fleet.pass(1);
    expect(await fleet.ask("b", 8)).toMatchObject({ more: 8 });
  });

  test("is renewed by each question", async () => {
    const fleet = new Fleet({ ttl: 1_000 });
    await fleet.ask("a", 8);
    for (let times = 0; times < 5; times++) {
      await fleet.pass(900);
      await fleet.ask("a", 8);
      expect(await fleet.ask("b", 8)).toMatchObject({ more: 0 });
    }
  });

  test("ends at once where its member keeps and wants nothing", async () => {
    const fleet = new Fleet();
    await fleet.ask("a", 8);
    expect(await fleet.ask("a", 0, { keep: 0 })).toMatchObject({ more: 0 });
    expect(await fleet.ask("b", 8)).toMatchObject({ more: 8, level: 8, lacking: 0 });
  });

  test("lasts no longer where the store's clock steps back", async () => {
    let back = 0;
    const clock = new VirtualClock();
    const store = memoryStore({ clock: { now: () => 1e9 + clock.now() - back, setTimeout() {}, clearTimeout() {} } });
    await store.share("key", shareAsk({ member: "a", want: 8, ttl: 1_000 }));
    await store.share("key", shareAsk({ member: "b", want: 8, ttl: 1_000 }));
    back = 30_000;
    expect(await store.share("key", shareAsk({ member: "c", want: 8, ttl: 9_000 }))).toMatchObject({ more: 0 });
    await clock.advance(1_000);
    expect(await store.share("key", shareAsk({ member: "c", number: 2, want: 8 }))).toMatchObject({ more: 8 });
  });
});

describe("members", () => {
  test("are those that have asked in the last 10 s, whether they hold or want slots or not", async () => {
    const fleet = new Fleet({ ttl: 1_000 });
    await fleet.ask("a", 8);
    expect(await fleet.ask("b", 0)).toMatchObject({ members: 2 });
    expect(await fleet.ask("a", 0, { keep: 0 })).toMatchObject({ members: 2 });
    await fleet.pass(9_999);
    expect(await fleet.ask("c", 1)).toMatchObject({ members: 3 });
    await fleet.pass(1);
    expect(await fleet.ask("c", 1)).toMatchObject({ members: 1 });
  });

  test("are counted for twice a longer `ttl`, and for 10 min at most where they hold nothing", async () => {
    const fleet = new Fleet({ ttl: 60_000 });
    await fleet.ask("a", 0);
    await fleet.pass(119_999);
    expect(await fleet.ask("b", 0)).toMatchObject({ members: 2 });
    await fleet.pass(1);
    expect(await fleet.ask("b", 0)).toMatchObject({ members: 1 });
    await fleet.ask("c", 1, { ttl: 3_600_000 });
    await fleet.ask("d", 0, { ttl: 400_000 });
    await fleet.pass(599_999);
    expect(await fleet.ask("b", 0)).toMatchObject({ members: 3 });
    await fleet.pass(2_999_999);
    expect(await fleet.ask("b", 0)).toMatchObject({ members: 2 });
  });

  test("of one name before `#` are one, and each holds slots of its own", async () => {
    const fleet = new Fleet();
    await fleet.ask("a", 4);
    expect(await fleet.ask("a#2", 4)).toMatchObject({ more: 4, members: 1 });
    expect(await fleet.ask("b", 4)).toMatchObject({ more: 0, members: 2 });
  });

  test("whose lease has ended are counted on, and lack nothing", async () => {
    const fleet = new Fleet({ ttl: 1_000 });
    await fleet.ask("a", 8);
    await fleet.ask("b", 8);
    await fleet.pass(1_000);
    expect(await fleet.ask("c", 8)).toMatchObject({ more: 8, level: 8, lacking: 0, older: 0, members: 3 });
  });
});

describe("more held than there is", () => {
  test("counts as others being short, so that all shrink to their level", async () => {
    const fleet = new Fleet();
    // The store has lost its state: who held them says so after another has been given the same.
    await fleet.ask("b", 8);
    expect(await fleet.ask("a", 8, { keep: 8 })).toMatchObject({ more: 0, level: 4, lacking: 8 });
    expect(await fleet.ask("b", 8)).toMatchObject({ more: 0, level: 4, lacking: 8 });
    expect(await fleet.ask("a", 8, { keep: 4 })).toMatchObject({ lacking: 4 });
    expect(await fleet.ask("b", 8, { keep: 4 })).toMatchObject({ lacking: 0 });
  });

  test("is nothing by a lower max while the others hold as many as that, and its part of a higher one", async () => {
    const fleet = new Fleet();
    await fleet.ask("a", 20);
    expect(await fleet.ask("b", 20, { max: 4 })).toMatchObject({ more: 0, level: 2 });
    // By its own max it gives up what is above the level, and no more.
    expect(await fleet.ask("a", 20, { keep: 4 })).toMatchObject({ more: 0, level: 4 });
    expect(await fleet.ask("b", 20, { max: 4 })).toMatchObject({ more: 0 });
    await fleet.ask("a", 3, { keep: 3 });
    expect(await fleet.ask("b", 20, { max: 4 })).toMatchObject({ more: 1 });
    // Of the other 26 it leaves the 12 that b lacks.
    expect(await fleet.ask("c", 20, { max: 30 })).toMatchObject({ more: 14, level: 13 });
  });

  test("is what a smaller max leaves, and each is told what the one before said", async () => {
    const fleet = new Fleet();
    expect(await fleet.ask("a", 8)).toMatchObject({ more: 8, conflict: undefined });
    expect(await fleet.ask("b", 8, { max: 4 })).toMatchObject({ more: 0, level: 2, lacking: 4, conflict: { max: 8 } });
    expect(await fleet.ask("a", 8, { keep: 2, max: 4 })).toMatchObject({ more: 0, conflict: undefined });
    expect(await fleet.ask("b", 8, { max: 4 })).toMatchObject({ more: 2 });
  });
});

describe("a question that is sent again, or comes late", () => {
  test("changes nothing", async () => {
    const fleet = new Fleet();
    await fleet.ask("a", 8, { number: 5 });
    // A late `keep: 0` would free slots that are in use.
    expect(await fleet.ask("a", 1, { number: 4, keep: 0 })).toMatchObject({ more: 0 });
    expect(await fleet.ask("a", 0, { number: 5, keep: 0 })).toMatchObject({ more: 0, level: 8 });
    expect(await fleet.ask("b", 8, { number: 1 })).toMatchObject({ more: 0, level: 4 });
  });

  test("renews no lease", async () => {
    const fleet = new Fleet({ ttl: 1_000 });
    await fleet.ask("a", 8, { number: 5 });
    await fleet.pass(900);
    await fleet.ask("a", 8, { number: 5 });
    await fleet.pass(100);
    expect(await fleet.ask("b", 8)).toMatchObject({ more: 8 });
  });

  test("holds nothing again after its member has given all back", async () => {
    const fleet = new Fleet();
    await fleet.ask("a", 8, { number: 5 });
    await fleet.ask("a", 0, { number: 6, keep: 0 });
    await fleet.ask("a", 8, { number: 5, keep: 8 });
    expect(await fleet.ask("b", 8)).toMatchObject({ more: 8, lacking: 0 });
  });
});

test("the fence grows with each grant, also after the store has forgotten all", async () => {
  const fleet = new Fleet({ ttl: 1_000 });
  await fleet.pass(5);
  const fences: number[] = [];
  const grant = async (member: string) => {
    const { more, fence } = await fleet.ask(member, 1, { keep: 0 });
    expect(more).toBe(1);
    fences.push(fence as number);
  };
  await grant("a");
  await grant("b");
  await fleet.pass(1);
  await grant("a");
  await fleet.pass(10_000);
  await grant("a");
  expect(fences).toEqual([...new Set(fences)].sort((a, b) => a - b));
});

test("no more are held than there are, whatever members want, keep and give back, and whoever is gone", async () => {
  for (let round = 0; round < 40; round++) {
    const max = 1 + (round % 9);
    const fleet = new Fleet({ max, ttl: 1_000 });
    const heard = new Map<string, number>();
    const below = (end: number) => Math.floor(Math.random() * end);
    for (let step = 0; step < 200; step++) {
      await fleet.pass(below(10) === 0 ? below(1_500) : below(50));
      const now = fleet.clock.now();
      for (const [member, at] of heard) if (at + 1_000 <= now) fleet.held.delete(member);
      const member = `m${below(5)}`;
      heard.set(member, now);
      const has = fleet.held.get(member) ?? 0;
      await fleet.ask(member, below(12), { keep: below(3) === 0 ? below(has + 1) : has });
      expect(fleet.all).toBeLessThanOrEqual(max);
    }
  }
});

test("members that all want much come to equal shares, and use all there is", async () => {
  const fleet = new Fleet({ max: 21 });
  const members = ["a", "b", "c", "d"];
  for (let round = 0; round < 30; round++) {
    for (const member of members) {
      const { level, lacking } = await fleet.ask(member, 50);
      const held = fleet.held.get(member) as number;
      // As the gate does it: one slot with each call that ends.
      if (lacking > 0 && held > level) await fleet.ask(member, 50, { keep: held - 1 });
    }
  }
  expect([...fleet.held.values()].sort((a, b) => a - b)).toEqual([5, 5, 5, 6]);
});
