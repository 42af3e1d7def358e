// Reservation
//
// A video service has two machines that cut films. A permit is one of them: from the moment that it is given out until
// it is given back, or until the cut it was spent on is done. In between it makes no difference whether anything runs.
// That is what makes a permit worth something, for nobody can take the machine away from whoever holds it; and it is
// what it costs, for nobody else can use it.
//
// The failure it prevents: a service that is out of capacity with nothing to do. Two callers reserve a machine each, and
// only then start to fetch their films, over a phone. Both machines stand still, and everybody else stands in line.

import assert from "node:assert/strict";
import { isPermitSpentError, type Permit, ServiceBuilder } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { VirtualClock } from "@sluice/testing";

// A clock that only moves when it is told to, so that nobody sits through the uploads.
const clock = new VirtualClock();
const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    clock.setTimeout(resolve, ms);
  });

let running = 0; // machines that really do something
const machines = concurrencyLimit(2, { clock });
// How long permits are held is known from the first look on.
assert.equal(machines.oldest, 0);
const cutting = new ServiceBuilder().layer(machines).serviceFn(async (film: string) => {
  running += 1;
  await sleep(10);
  running -= 1;
  return `${film}, cut`;
});

function show(moment: string, free: number, atWork: number): void {
  console.log(`  ${moment.padEnd(38)}${machines.available} free, ${running} running`);
  assert.deepEqual([machines.available, running], [free, atWork]);
}

// ── Capacity spent with nothing in flight ────────────────────────────────────────────────────────────────────────────

console.log("capacity spent with nothing in flight");
show("at first", 2, 0);
const first = await cutting.ready(); // would wait in line
const second = cutting.tryReady(); // now or not at all
assert.ok(second !== undefined);
show("two permits are out", 0, 0);
assert.equal(cutting.tryReady(), undefined, "there is no third, though both machines stand still");

first.release();
show("one is given back", 1, 0);
first.release();
show("and once more, which changes nothing", 1, 0);

// It is gone, and so it cannot be used: else two would have the same machine.
const failure = await first.call("holiday").catch((error: unknown) => error);
assert.ok(isPermitSpentError(failure));
show("and then used: PermitSpentError", 1, 0);

const answer = second.call("birthday");
show("the other one is spent on a call", 1, 1);
second.release();
show("too late to give that back", 1, 1);
await clock.advance(10);
assert.equal(await answer, "birthday, cut");
show("the call is done", 2, 0);

// ── `using` ──────────────────────────────────────────────────────────────────────────────────────────────────────────

// Between reserving and calling something may fail, or turn out to be needless. A permit that is then forgotten is a
// machine less, for good. So let the block give it back: `using` does, however the block is left.
async function cut(film: string | undefined): Promise<string> {
  using permit = await cutting.ready();
  if (film === undefined) throw new Error("no film");
  if (film === "") return "nothing to cut";
  return await permit.call(film);
}

console.log("`using`");
assert.equal(await cut(""), "nothing to cut");
show("the block returned without calling", 2, 0);
await assert.rejects(cut(undefined), { message: "no film" });
show("the block threw", 2, 0);
const wedding = cut("wedding");
await clock.advance(0);
show("the block called, and waits", 1, 1);
await clock.advance(10);
assert.equal(await wedding, "wedding, cut");
show("the block called, and is over", 2, 0);

// ── Reserved, and idle ───────────────────────────────────────────────────────────────────────────────────────────────

// Two films come from phones and take 5 s to arrive; twenty are there already. All come to the same two machines.
// There are three ways to go about it.
const ways = {
  // First make sure of a machine, then fetch the film. It sounds careful. It is what holds everybody up.
  async "reserve first"(film: string, arrivesIn: number): Promise<string> {
    using permit = await cutting.ready();
    await sleep(arrivesIn);
    return await permit.call(film);
  },

  // The remedy: reserve last, when all is there that the call needs. `call` does it in one step: it waits for a machine
  // and sets out. Whoever only wants to call needs no permit at all.
  async "reserve last"(film: string, arrivesIn: number): Promise<string> {
    await sleep(arrivesIn);
    return await cutting.call(film);
  },

  // The remedy where callers cannot be trusted to: lend the permit for a time. After that it is given back for them, and
  // if they come with it all the same, they have to ask again.
  async "lent for 50 ms"(film: string, arrivesIn: number): Promise<string> {
    const permit = await lend(50);
    await sleep(arrivesIn);
    return await permit.call(film).catch((error: unknown) => {
      if (isPermitSpentError(error)) return cutting.call(film);
      throw error;
    });
  },
};

async function lend(ms: number): Promise<Permit<string, string>> {
  const permit = await cutting.ready();
  // A permit that was spent by then is not taken away: giving it back does nothing.
  clock.setTimeout(() => permit.release(), ms);
  return permit;
}

console.log("two films on their way, twenty there already");
console.log("                  after 1 s: free  running  in line  oldest permit   the twenty are done");
const seen: Record<string, { standing: number[]; done: number }> = {};
for (const [way, send] of Object.entries(ways)) {
  const began = clock.now();
  let done = 0;
  const phones = ["phone 1", "phone 2"].map((film) => send(film, 5_000));
  const twenty = Array.from({ length: 20 }, async (_, index) => {
    const end = await send(`film ${index + 1}`, 0);
    done = clock.now() - began;
    return end;
  });

  await clock.advanceAsync(1_000);
  // `oldest` is how long the longest holder has had its permit: where it grows and nothing runs, somebody idles.
  const standing = [machines.available, running, machines.waiting, machines.oldest];
  await clock.advanceAsync(9_000);
  assert.ok((await Promise.all([...phones, ...twenty])).every((end) => end.endsWith(", cut")));
  assert.equal(machines.available, 2);

  const [free, atWork, inLine, oldest] = standing.map(String) as [string, string, string, string];
  console.log(
    `  ${way.padEnd(25)}${free.padStart(4)}${atWork.padStart(9)}${inLine.padStart(9)}${oldest.padStart(12)} ms` +
      `after ${done} ms`.padStart(22),
  );
  seen[way] = { standing, done };
}

// The machines are given out, both idle, with twenty in line; the twenty take 100 ms once they are let.
assert.deepEqual(seen["reserve first"], { standing: [0, 0, 20, 1_000], done: 5_110 }); // 5,000 + 10 + 20 × 10 / 2
assert.deepEqual(seen["reserve last"], { standing: [2, 0, 0, 0], done: 100 }); // 20 × 10 / 2
assert.deepEqual(seen["lent for 50 ms"], { standing: [2, 0, 0, 0], done: 150 }); // 50 + 20 × 10 / 2

console.log("a permit is capacity, whether or not anything runs: reserve last, and let a block give back");
