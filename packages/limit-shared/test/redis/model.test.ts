import { redisServer, respClient, serverForTests } from "@sluice/test-kit/redis";
import type { Clock } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { redisStore } from "../../src/redis/redis-store.ts";
import { memoryStore } from "../../src/store/memory-store.ts";
import type { ShareAnswer, ShareAsk, Store, TakeAnswer, TakeAsk } from "../../src/store/store.ts";
import { placedTime } from "./helper/placed-time.ts";

const real = await serverForTests();
const questions = 6_000;

/** A whole number below `end`. */
const below = (end: number) => Math.floor(Math.random() * end);
const pick = <T>(values: readonly T[]) => values[below(values.length)] as T;

/** Time in whole microseconds. It stands, creeps, leaps, and steps back now and then. */
class OddTime {
  now = 1.7e15;

  pass(): void {
    const kind = below(100);
    if (kind < 20) return;
    if (kind < 92) this.now += below(pick([50, 3_000, 20_000, 400_000]));
    else if (kind < 95) this.now += below(5e6);
    else if (kind < 96) this.now += below(2e9);
    else this.now -= below(pick([1_000, 2e6, 3e7]));
  }

  readonly clock: Clock = {
    now: () => Math.floor(this.now / 1e6) * 1_000 + (this.now % 1e6) / 1_000,
    setTimeout() {},
    clearTimeout() {},
  };
}

/** A question, what the model answers, and what the server will. */
interface Asked {
  readonly ask: TakeAsk | ShareAsk;
  readonly expected: TakeAnswer | ShareAnswer;
  readonly answer: Promise<TakeAnswer | ShareAnswer>;
}

/** Asks both. The model answers at once, and the server when all has been asked, or it would take as many round trips as there are questions. */
async function both(
  ask: (stores: { model: Store; server: Store }, time: OddTime, asked: Asked[]) => Promise<void>,
): Promise<void> {
  await using server = await redisServer();
  using client = await respClient(server.port);
  const time = new OddTime();
  const send = await placedTime(
    (args) => client.send(args),
    () => time.now,
  );
  const asked: Asked[] = [];
  await ask({ model: memoryStore({ clock: time.clock }), server: redisStore({ send }) }, time, asked);
  for (const [index, question] of asked.entries()) {
    const { expected, answer } = question;
    expect({ index, ask: question.ask, answer: await answer }).toStrictEqual({
      index,
      ask: question.ask,
      answer: expected,
    });
  }
}

describe.skipIf(real.missing)(`the scripts on ${real.name}, and the model`, () => {
  test(`answer ${questions} random questions for tokens alike`, { timeout: 120_000 }, async () => {
    const seen = { granted: 0, none: 0, ahead: 0, back: 0, conflict: 0, resent: 0 };
    await both(async ({ model, server }, time, asked) => {
      const terms = [
        { limit: 400, interval: 1_000, burst: 360 },
        { limit: 3, interval: 1_000, burst: 2.7 },
        { limit: 7, interval: 60_000, burst: 1 },
      ];
      const numbers = new Map<string, number>();
      const out: { key: string; member: string; stamp: string; granted: number }[] = [];
      for (let index = 0; index < questions; index++) {
        time.pass();
        const which = below(3);
        const key = `key ${which}`;
        const member = pick(["a", "b", "c", "member {%} \n"]);
        const lastNumber = numbers.get(member) ?? 0;
        const number = below(50) === 0 ? Math.max(1, lastNumber - below(2)) : lastNumber + 1 + below(2);
        numbers.set(member, Math.max(number, lastNumber));
        const own = out.filter((each) => each.key === key && each.member === member).at(-1);
        const returned = below(4) === 0 ? own : undefined;
        if (returned !== undefined) out.splice(out.indexOf(returned), 1);
        const { limit, interval, burst } = terms[which] as (typeof terms)[number];
        const ask: TakeAsk = {
          limit: below(200) === 0 ? limit + 1 : limit,
          interval: below(200) === 0 ? interval / 3 : interval,
          burst: below(200) === 0 ? 5 : burst,
          count: below(pick([2, 10, 200])),
          ahead: pick([0, 0, 0.5, 100, 5_000]),
          debt: below(10) === 0 ? below(20) : 0,
          unused: returned === undefined ? 0 : below(returned.granted + 1),
          stamp: returned?.stamp ?? "",
          member,
          number,
          fresh: which === 1 ? "empty" : "full",
        };
        const expected: TakeAnswer = await model.take(key, ask);
        asked.push({ ask, expected, answer: server.take(key, ask) });
        if (expected.granted > 0) out.push({ key, member, stamp: expected.stamp, granted: expected.granted });
        if (expected.granted > 0) seen.granted++;
        else seen.none++;
        if (expected.granted > 0 && expected.first > 0) seen.ahead++;
        if (ask.unused > 0 && ask.stamp === expected.stamp) seen.back++;
        if (expected.conflict !== undefined) seen.conflict++;
        if (number <= lastNumber) seen.resent++;
      }
    });
    // All that the questions are to show has been seen often enough.
    expect(Object.entries(seen).filter(([, times]) => times < 30)).toEqual([]);
  });

  test(`answer ${questions} random questions for slots alike`, { timeout: 120_000 }, async () => {
    const seen = { more: 0, lacking: 0, older: 0, conflict: 0, resent: 0, low: 0, over: 0, idle: 0, gone: 0 };
    await both(async ({ model, server }, time, asked) => {
      const numbers = new Map<string, number>();
      const held = new Map<string, number>();
      const members = new Map<string, number>();
      for (let index = 0; index < questions; index++) {
        time.pass();
        const which = below(3);
        const key = `key ${which}`;
        const member = pick(["a", "b", "b#2", "b#\n#", "c", "d", "member {%} \n"]);
        const lastNumber = numbers.get(member) ?? 0;
        const number = below(50) === 0 ? Math.max(1, lastNumber - below(2)) : lastNumber + 1 + below(2);
        numbers.set(member, Math.max(number, lastNumber));
        const has = held.get(`${key} ${member}`) ?? 0;
        const max = ([20, 3, 8] as const)[which] as number;
        const ask: ShareAsk = {
          member,
          number,
          keep: below(4) === 0 ? below(has + 1) : has,
          want: below(pick([1, 3, 30])),
          ttl: pick([100, 1_000, 10_000]),
          max: below(200) === 0 ? below(max) : max,
        };
        const expected: ShareAnswer = await model.share(key, ask);
        asked.push({ ask, expected, answer: server.share(key, ask) });
        if (number > lastNumber) held.set(`${key} ${member}`, ask.keep + expected.more);
        if (expected.more > 0) seen.more++;
        if (expected.lacking > 0) seen.lacking++;
        if (expected.older > 0) seen.older++;
        if (expected.level === 0 && ask.want > 0) seen.low++;
        if (ask.keep > ask.want) seen.over++;
        if (ask.keep + ask.want === 0) seen.idle++;
        if (expected.members! < (members.get(key) ?? 0)) seen.gone++;
        members.set(key, expected.members!);
        if (expected.conflict !== undefined) seen.conflict++;
        if (number <= lastNumber) seen.resent++;
      }
    });
    // All that the questions are to show has been seen often enough.
    expect(Object.entries(seen).filter(([, times]) => times < 30)).toEqual([]);
  });
});
