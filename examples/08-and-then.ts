// andThen: two services in a row
//
// A page takes two services: a database that loads an order (four at once, 90 ms each), and then a renderer that turns
// it into a page (two at once, 10 ms each). `andThen` makes one service of the two. When is it ready? There are two
// answers. When both are: then no call gets stuck half-way, but each caller holds a renderer while the database is at
// work. Or when the first one is: then nobody holds what he does not need yet, but may have to wait in the middle.
//
// The failures it prevents. Of the first answer: renderers that stand idle while everybody waits for one, because those
// who wait for the database hold them. Of the second: orders loaded for nothing, since there is no room to go on.

import assert from "node:assert/strict";
import { buffer } from "@sluice/buffer";
import { type Service, ServiceBuilder } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { isOverloadedError, loadShed } from "@sluice/load-shed";
import { VirtualClock } from "@sluice/testing";
import { andThen } from "@sluice/util";

// ── Two services, and three ways to put them together ────────────────────────────────────────────────────────────────

// An order is a number here, and so is a page.
type Step = Service<number, number, never>;

const ways = {
  // Both are reserved before the first is called: the database, then the renderer, all or nothing. The default.
  both: (load: Step, render: Step) => new ServiceBuilder().layer(andThen(render)).service(load),

  // One remedy: a buffer in front of the renderer. What is reserved is then one of its eight slots, and no renderer; a
  // loaded order waits there for the first renderer that is free.
  "both, buffered": (load: Step, render: Step) => {
    const queued = new ServiceBuilder().layer(buffer({ capacity: 8 })).service(render);
    return new ServiceBuilder().layer(andThen(queued)).service(load);
  },

  // The other: the renderer is reserved when the order is there.
  late: (load: Step, render: Step) => new ServiceBuilder().layer(andThen(render, { reserve: "late" })).service(load),
};

// Everything anew, on a clock that only moves when it is told to.
function open(renderTakes = 10) {
  const clock = new VirtualClock();
  const work = { loading: 0, loaded: 0, rendering: 0, begun: 0 };
  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      clock.setTimeout(resolve, ms);
    });

  const loaders = concurrencyLimit(4, { clock });
  const load = new ServiceBuilder().layer(loaders).serviceFn(async (id: number) => {
    work.loading += 1;
    await sleep(90);
    work.loading -= 1;
    work.loaded += 1;
    return id;
  });

  const renderers = concurrencyLimit(2, { clock });
  const render = new ServiceBuilder().layer(renderers).serviceFn(async (order: number) => {
    work.rendering += 1;
    work.begun += 1;
    await sleep(renderTakes);
    work.rendering -= 1;
    return order;
  });

  return { clock, work, loaders, renderers, load, render };
}

const numbers = (length: number): number[] => Array.from({ length }, (_, index) => index + 1);

// ── Starvation ───────────────────────────────────────────────────────────────────────────────────────────────────────

// Twelve pages at once; and 20 ms later somebody who has an order already and only wants it rendered, a matter of 10 ms.
console.log("twelve pages, and one that only has to be rendered");
console.log("                    after 50 ms:  loaders           renderers         twelve pages   the one");
const seen: Record<string, unknown[]> = {};
for (const [way, combine] of Object.entries(ways)) {
  const { clock, work, loaders, renderers, load, render } = open();
  const pages = combine(load, render);
  const times = { twelve: 0, one: 0 };
  const twelve = numbers(12).map(async (id) => {
    assert.equal(await pages.call(id), id);
    times.twelve = clock.now();
  });
  await clock.advanceAsync(20);
  const one = render.call(13).then(() => {
    times.one = clock.now() - 20;
  });
  await clock.advanceAsync(30);
  const held = [loaders.active, work.loading, renderers.active, work.rendering];
  await clock.advanceAsync(1_000);
  await Promise.all([...twelve, one]);

  console.log(
    `  ${way.padEnd(32)}${`${held[0]} held, ${held[1]} work`.padEnd(18)}${`${held[2]} held, ${held[3]} work`.padEnd(15)}` +
      `${times.twelve.toString().padStart(12)} ms${times.one.toString().padStart(7)} ms`,
  );
  seen[way] = [...held, times.twelve, times.one];
}

// Both renderers are held by callers who wait for the database, and two of the four loaders by callers who wait for a
// renderer: half of the database and all renderers stand still. Pages come in pairs, 100 ms each; and whoever needs a
// renderer for 10 ms stands in line behind two pairs.
assert.deepEqual(seen["both"], [4, 2, 2, 0, 610, 190]); // 6 × 100 + 10 for the one; 2 × 100 - 20 + 10
// With either remedy all loaders work, four pages at a time, and a renderer that does nothing is free: 3 × 90 + 2 × 10.
assert.deepEqual(seen["both, buffered"], [4, 4, 0, 0, 290, 10]);
assert.deepEqual(seen["late"], [4, 4, 0, 0, 290, 10]);

// ── What each remedy costs ───────────────────────────────────────────────────────────────────────────────────────────

// Now the renderers hang. A hundred pages are wanted; how many orders are loaded, and wait half-way in memory?
console.log("a hundred pages while the renderers hang");
const halfWay: Record<string, number> = {};
for (const [way, combine] of Object.entries(ways)) {
  const { clock, work, load, render } = open(1_000_000);
  const pages = combine(load, render);
  for (const id of numbers(100)) void pages.call(id);
  await clock.advanceAsync(10_000);
  halfWay[way] = work.loaded - work.begun;
  console.log(`  ${way.padEnd(32)}${halfWay[way].toString().padStart(2)} wait half-way`);
}
assert.deepEqual(halfWay, { both: 0, "both, buffered": 8, late: 98 }); // all but the two in the renderers' hands

// And callers who do not wait, while both renderers are taken. `loadShed` refuses what would have to wait: half-way, when
// it stands around the renderer alone, or at the door, when it stands around both.
console.log("twelve pages for callers who do not wait, while both renderers are taken");
const inVain: Record<string, number> = {};
for (const where of ["refused half-way", "refused at the door"]) {
  const { clock, work, load, render } = open(1_000_000);
  const shed = new ServiceBuilder().layer(loadShed());
  const pages =
    where === "refused half-way"
      ? shed.layer(andThen(shed.service(render), { reserve: "late" })).service(load)
      : shed.layer(andThen(render)).service(load);
  for (const id of [13, 14]) void render.call(id);
  const ends = Promise.all(numbers(12).map((id) => pages.call(id).catch((error: unknown) => error)));
  await clock.advanceAsync(1_000);
  assert.ok((await ends).every(isOverloadedError));
  inVain[where] = work.loaded;
  console.log(`  ${where.padEnd(32)}${work.loaded.toString().padStart(2)} orders loaded for nothing`);
}
assert.deepEqual(inVain, { "refused half-way": 4, "refused at the door": 0 });

// ── In a circle ──────────────────────────────────────────────────────────────────────────────────────────────────────

// The worst of starvations: one stack goes from a database to a renderer, another one from that renderer to that database
// (to keep what was rendered). The first comes to hold loaders and wait for renderers, the second the other way round.
// Twenty calls of each, and time enough for all of them.
console.log("twenty calls one way, twenty the other way round");
const through: Record<string, number> = {};
for (const [way, combine] of Object.entries(ways)) {
  const { clock, load, render } = open();
  let done = 0;
  for (const stack of [combine(load, render), combine(render, load)]) {
    for (const id of numbers(20)) void stack.call(id).then(() => (done += 1));
  }
  await clock.advanceAsync(60_000);
  through[way] = done;
  console.log(`  ${way.padEnd(32)}${done.toString().padStart(2)} of 40 done`);
}
// A buffer only makes the circle larger: its slots are reserved in opposite order, too.
assert.ok(through["both"]! < 40 && through["both, buffered"]! < 40);
assert.equal(through["late"], 40);

// So which one?
// - Both, when the first service is quick next to the second, or when its work must not be done in vain.
// - Both, with a buffer in front of the second, when the first is slow: what waits half-way is bounded by the buffer.
// - Late, when the first is slow, and callers can wait in the middle. It sets no bound to how many do: put one around
//   the whole.
// - Late, always, where somebody else goes the other way round.
console.log("what is reserved early stands idle, what is reserved late may not be there; a buffer is in between");
