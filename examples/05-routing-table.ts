// A routing table of differing stacks
//
// Three paths, three stacks that have nothing in common but that they take a request and give a page. `boxed` forgets
// what each is made of, so that they fit one table; and the table is a plain Map, to be changed while requests run.
//
// The failure it prevents: one slow dependency that takes everything down. Behind one limit for all paths, requests for
// the slow one hold every slot, and paths that are perfectly well answer nothing. Here each path has its own limits. And
// no restart is needed to move a path to another backend.
//
// The second half measures what forgetting a type costs in JavaScript, and says when not to.

import assert from "node:assert/strict";
import { isMainThread } from "node:worker_threads";
import { middleware, type OverloadedError, type Service, ServiceBuilder } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { isOverloadedError, loadShed } from "@sluice/load-shed";
import { VirtualClock } from "@sluice/testing";
import { type TimeoutError, timeout } from "@sluice/timeout";
import { boxed, type BoxService, isRouteNotFoundError, routingTable } from "@sluice/util-box";
import { Piscina } from "piscina";

// ── One table, changed while it runs ─────────────────────────────────────────────────────────────────────────────────

interface Get {
  readonly path: string;
}

async function serveAndChange(): Promise<void> {
  const clock = new VirtualClock();
  const page = (text: string, ms: number) => (_request: Get) =>
    new Promise<string>((resolve) => clock.setTimeout(() => resolve(text), ms));

  // Three differing stacks. Their types say which failures to expect of each: none, one, two.
  const home: Service<Get, string, never> = new ServiceBuilder().serviceFn(() => "home");
  const search = new ServiceBuilder().layer(timeout({ call: 200, clock })).serviceFn(page("results", 50));
  const limit = concurrencyLimit(2);
  const report = new ServiceBuilder()
    .layer(loadShed())
    .layer(limit)
    .layer(timeout({ call: 5_000, clock }))
    .serviceFn(page("report", 1_000));

  // In the table they have one type: of all failures, any. That is the price in types.
  type Page = BoxService<Get, string, OverloadedError | TimeoutError>;
  const routes = new Map<string, Page>([
    ["/", boxed(home)],
    ["/search", boxed(search)],
    ["/report", boxed(report)],
  ]);
  const site = routingTable({ key: ({ path }: Get) => path, routes });

  const get = async (path: string): Promise<string> => {
    const end = await site.call({ path }).catch((error: unknown) => {
      if (isOverloadedError(error)) return `refused by ${error.layer}`;
      if (isRouteNotFoundError(error)) return `no route to ${String(error.key)}`;
      throw error;
    });
    console.log(`  ${`${clock.now()}`.padStart(4)} ms  GET ${path.padEnd(10)}${end}`);
    return end;
  };

  console.log("three stacks, one table");
  // Two reports take both slots of that path, for a second. The third is refused; the other paths do not notice.
  const reports = [get("/report"), get("/report")];
  assert.equal(await get("/report"), "refused by concurrencyLimit");
  assert.equal(await get("/"), "home");
  const found = get("/search");
  await clock.advance(50);
  assert.equal(await found, "results");

  // Change it. Who is on the way when a route changes ends where it began; who comes later takes the new one.
  routes.set("/report", boxed(new ServiceBuilder().serviceFn(() => "report, from the new backend")));
  routes.delete("/search");
  console.log("  the path of reports moved, and the search was taken down");
  assert.equal(await get("/report"), "report, from the new backend");
  assert.equal(await get("/search"), "no route to /search");
  assert.equal(limit.active, 2, "the first two are still on their way");
  await clock.advance(950);
  assert.deepEqual(await Promise.all(reports), ["report", "report"]);
  assert.equal(limit.active, 0);
}

// ── What it costs to forget a type ───────────────────────────────────────────────────────────────────────────────────

// In Rust a boxed service is an allocation, and a jump through a table. JavaScript has nothing to box: every call is by
// reference, and types are gone before it runs. `boxed` returns what it was given. What costs is what comes of it: one
// line of code that calls many differing things. The engine remembers, for each line with a call, what it has seen
// there. Always the same: it jumps there directly, or puts the body in its place. More than four: it looks it up, each time.
//
// It also remembers for as long as the process lives. So each variant has a thread of its own, with an engine of its own
// and the very same loop. They take turns, so that whatever else slows this machine down slows all of them down.

// One method, of one class or of eight.
function counters(classes: number): { next(n: number): number }[] {
  const made = Array.from({ length: classes }, () => {
    class Counter {
      next(n: number): number {
        return (n + 1) | 0;
      }
    }
    return new Counter();
  });
  return Array.from({ length: 8 }, (_, index) => made[index % classes]!);
}

// Six stacks of the same three layers, in every order: as different as stacks are, and the same work in each, within a
// tenth.
function stacks(): Service<number, number, OverloadedError>[] {
  const a = () => concurrencyLimit(10);
  const b = () => loadShed();
  const c = () => middleware("pass", (request, next, options) => next(request, options));
  const of = (x: typeof a | typeof b | typeof c, y: typeof x, z: typeof x) =>
    new ServiceBuilder()
      .layer(x())
      .layer(y())
      .layer(z())
      .serviceFn(async (n: number) => n + 1);
  return [of(a, b, c), of(a, c, b), of(b, a, c), of(b, c, a), of(c, a, b), of(c, b, a)];
}

function table(of: Service<number, number, OverloadedError>[]): Service<number, number, unknown> {
  const routes = new Map(of.map((service, index) => [index, boxed(service)]));
  return routingTable({ key: (n: number) => n % of.length, routes });
}

const variants = {
  "one class": () => loop(counters(1)),
  "eight classes": () => loop(counters(8)),
  "a stack, called directly": () => calls(stacks()[0]!),
  "the same stack, boxed": () => calls(boxed(stacks()[0]!)),
  "in a table of one": () => calls(table(stacks().slice(0, 1))),
  "in a table of six": () => calls(table(stacks())),
} satisfies Record<string, () => Round>;
type Variant = keyof typeof variants;

/** Does some of the work, and answers with nanoseconds per call. */
type Round = () => Promise<number>;

function loop(objects: { next(n: number): number }[]): Round {
  const run = (times: number): number => {
    let n = 0;
    for (let index = 0; index < times; index++) n = objects[index & 7]!.next(n);
    return n;
  };
  return async () => {
    const times = 100_000;
    const began = performance.now();
    assert.equal(run(times), times);
    return ((performance.now() - began) * 1e6) / times;
  };
}

function calls(service: Service<number, number, unknown>): Round {
  return async () => {
    const times = 5_000;
    const began = performance.now();
    for (let n = 0; n < times; n++) await service.call(n);
    return ((performance.now() - began) * 1e6) / times;
  };
}

const rounds = new Map<Variant, Round>();
/** In a thread of its own: one round. */
export function round(variant: Variant): Promise<number> {
  let run = rounds.get(variant);
  if (run === undefined) rounds.set(variant, (run = variants[variant]()));
  return run();
}

async function measure(): Promise<void> {
  const threads = (Object.keys(variants) as Variant[]).map((variant) => ({
    variant,
    pool: new Piscina<Variant, number>({ filename: import.meta.filename, name: "round", minThreads: 1, maxThreads: 1 }),
    seen: [] as number[],
  }));
  for (let turn = 0; turn < 120; turn++) {
    for (const { variant, pool, seen } of threads) {
      const nanoseconds = await pool.run(variant);
      if (turn >= 20) seen.push(nanoseconds); // until then the engine has been learning
    }
  }
  await Promise.all(threads.map(({ pool }) => pool.destroy()));

  const median = (numbers: number[]): number => [...numbers].sort((x, y) => x - y)[Math.floor(numbers.length / 2)]!;
  const seen = new Map(threads.map((thread) => [thread.variant, thread.seen]));
  const time = (variant: Variant): number => Math.min(...seen.get(variant)!); // when nothing else was going on
  // Of measurements of the same turn, which had the same machine.
  const ratio = (variant: Variant, to: Variant): number =>
    median(seen.get(variant)!.map((nanoseconds, turn) => nanoseconds / seen.get(to)![turn]!));
  const row = (variant: Variant, to: Variant): void => {
    const times = variant === to ? "" : `× ${ratio(variant, to).toFixed(2)}`;
    console.log(`  ${variant.padEnd(28)}${time(variant).toFixed(1).padStart(8)} ns  ${times}`.trimEnd());
  };
  console.log("what forgetting a type costs (the best of 100 rounds; the median of 100 ratios)");
  row("one class", "one class");
  row("eight classes", "one class");
  row("a stack, called directly", "a stack, called directly");
  row("the same stack, boxed", "a stack, called directly");
  row("in a table of one", "a stack, called directly");
  row("in a table of six", "a stack, called directly");

  console.log("forgetting costs nothing; one line of code that calls many differing things does");

  // Times are this machine's, and today's. These bounds are far away from them, and still they say what matters: a
  // method that does next to nothing suffers by factors; a whole call through a table stays a matter of less than a
  // hundredth of a millisecond, where what it is for (a query, a page) takes milliseconds.
  assert.ok(ratio("eight classes", "one class") > 1);
  assert.ok(time("in a table of six") < 10_000);
}

// Threads that measure load this file, too, and find `round` in it. The rest is for the main thread.
if (isMainThread) {
  await serveAndChange();
  await measure();
}

// When not to:
// - In a loop over small synchronous work: there the lookup is most of the time. Call what you know by its name.
// - Where there is one stack, or where you know which one you want: then keep its type. `home` above cannot fail, and
//   the compiler knows it; out of the table, the caller has to answer for every failure of every route.
// - In a loop over one route: take it out of the map once, and call that.
