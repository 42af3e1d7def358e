// Who is next, and who is refused
//
// A service can do 1,000 calls a second: ten at once, 10 ms each. One request in ten is a checkout, four are of users who look
// around, five are prefetches. An answer is of use for 100 ms. Then more is asked for than there is: 1,500 a second, and 3,000.
// Who is served? That is tried first come, first served; with priorities; and with priorities and a controlled delay.
//
// The failure it prevents: a line that is fair to all, and useful to nobody. Each caller waits for those who came before, until
// its answer is late; the service works all the time, and every answer it makes is thrown away, those of the checkouts too.

import assert from "node:assert/strict";
import { ServiceBuilder } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { priorityLine, type PriorityLineOptions } from "@sluice/priority";
import { VirtualClock } from "@sluice/testing";

interface Ask {
  readonly kind: "checkout" | "user" | "prefetch";
}

const kinds = ["checkout", "user", "prefetch"] as const;

// A level from 0, the most important. It is asked in the caller's async context, so it may come from there, too.
const priority = ({ kind }: Ask): number => kinds.indexOf(kind);

// ── What is tried ────────────────────────────────────────────────────────────────────────────────────────────────────

type Line = (clock: VirtualClock) => ReturnType<typeof priorityLine<Ask>> | undefined;

const prioritized =
  (options: Partial<PriorityLineOptions<Ask>>): Line =>
  (clock) =>
    priorityLine<Ask>({ priority, levels: 3, clock, ...options });

const tried: Readonly<Record<string, Line>> = {
  "first come, first served": () => undefined,
  // The most important are first. One grant in ten goes to whoever has waited longest of the others, so that nobody starves.
  priority: prioritized({}),
  // And who has waited for too long is refused: under overload after 5 ms, 10 or 20, by level. An answer that would be late
  // is not worth a slot.
  "priority and codel": prioritized({ codel: true }),
};

interface Seen {
  readonly inTime: readonly number[]; // of each kind, in per cent
  readonly goodput: number; // answers in time, a second
}

async function run(offered: number, line: Line): Promise<Seen> {
  const clock = new VirtualClock();
  const seconds = 5;
  const service = new ServiceBuilder()
    .layer(concurrencyLimit(10, { clock, line: line(clock) }))
    .serviceFn((_ask: Ask) => new Promise<void>((done) => clock.setTimeout(done, 10)));

  let draw = 1;
  const random = (): number => (draw = (draw * 16_807) % 2_147_483_647) / 2_147_483_647; // the same on every machine
  const came = [0, 0, 0];
  const inTime = [0, 0, 0];
  const arrive = (): void => {
    const level = random() < 0.1 ? 0 : random() < 4 / 9 ? 1 : 2;
    const began = clock.now();
    came[level]! += 1;
    service.call({ kind: kinds[level] }).then(
      () => (inTime[level]! += clock.now() - began <= 100 ? 1 : 0),
      () => {}, // refused: this caller knows at once, and can do something else
    );
    clock.setTimeout(arrive, (-Math.log(1 - random()) * 1_000) / offered);
  };
  arrive();
  await clock.advanceAsync(seconds * 1_000);
  return {
    inTime: inTime.map((count, level) => (100 * count) / came[level]!),
    goodput: inTime.reduce((all, count) => all + count) / seconds,
  };
}

// ── What is seen ─────────────────────────────────────────────────────────────────────────────────────────────────────

console.log("offered  line                       in time: checkouts  users  prefetches   a second");
const seen: Record<string, Seen> = {};
for (const offered of [1_500, 3_000]) {
  for (const [name, line] of Object.entries(tried)) {
    const result = await run(offered, line);
    seen[`${name}, ${offered}`] = result;
    const [checkouts, users, prefetches] = result.inTime.map((share) => `${share.toFixed(0)} %`.padStart(6));
    const shares = `${checkouts?.padStart(16)} ${users} ${prefetches?.padStart(11)}`;
    console.log(`${String(offered).padEnd(9)}${name.padEnd(27)}${shares} ${result.goodput.toFixed(0).padStart(10)}`);
  }
}

// Fair to all: nearly every answer is late.
assert.ok(seen["first come, first served, 1500"]!.goodput < 100);

// With priorities the checkouts and the users are served, and the rest of the capacity makes prefetches, late.
assert.ok(seen["priority, 1500"]!.inTime[1]! > 95 && seen["priority, 1500"]!.goodput < 850);

// With a controlled delay all of the capacity is of use. At three times what there is, what is lost is what is least important.
const { inTime, goodput } = seen["priority and codel, 3000"]!;
assert.ok(goodput > 950);
assert.ok(inTime[0]! > 97 && inTime[1]! > 40 && inTime[2]! < 10);
