import { readFileSync } from "node:fs";
import { join } from "node:path";
import { adaptiveLimit, vegas } from "@sluice/adaptive-limit";
import { balance } from "@sluice/balance";
import { buffer } from "@sluice/buffer";
import { type AnyLayer, type AnyService, Semaphore, serviceFn } from "@sluice/core";
import { describe, type WarningRule } from "@sluice/describe";
import { answerFailures } from "@sluice/http";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import { meter } from "@sluice/meter";
import { priorityLine } from "@sluice/priority";
import { reconnect } from "@sluice/reconnect";
import { retry, retryBudget, retryPolicy } from "@sluice/retry";
import { VirtualClock } from "@sluice/testing";
import { timeout } from "@sluice/timeout";
import { trace } from "@sluice/trace";
import { fallback, recover } from "@sluice/util";
import { routingTable, steer } from "@sluice/util-box";
import { OverloadedError } from "@sluice/load-shed";
import { describe as group, expect, test } from "vitest";
import { eachLayer } from "./helper/each-layer.ts";

const leaf = (): AnyService => serviceFn((request: string) => request);
const stacked = (layers: readonly AnyLayer[], inside: AnyService = leaf()): AnyService =>
  layers.reduceRight<AnyService>((inner, layer) => layer.wrap(inner as never) as AnyService, inside);
const again = (budgeted = true): AnyLayer =>
  retry(
    retryPolicy({
      maxRetries: 2,
      budget: budgeted ? retryBudget({ ttl: 1_000, minPerSecond: 1, ratio: 0.1 }) : undefined,
    }),
  );
const table = (route: AnyService): AnyService =>
  routingTable({ key: (request: unknown) => String(request), routes: new Map([["/", route as never]]) }) as AnyService;

group("a line by importance", () => {
  const line = (options: { codel?: true; maxWaiting?: number }) => priorityLine({ priority: () => 0, ...options });
  const rulesOf = (layer: AnyLayer): readonly WarningRule[] =>
    describe(stacked([layer])).warnings.map(({ rule }) => rule);

  test("that refuses who is too many or waits for too long needs nothing outside", () => {
    for (const bounded of [line({ codel: true }), line({ maxWaiting: 100 })]) {
      expect(rulesOf(concurrencyLimit(10, { line: bounded }))).toEqual([]);
      expect(rulesOf(concurrencyLimit(new Semaphore(10, { line: bounded })))).toEqual([]);
      expect(rulesOf(adaptiveLimit(vegas(), { line: bounded }))).toEqual([]);
    }
  });

  test("shows what it counts of each level, in whichever limit it is", async () => {
    const byImportance = priorityLine({
      priority: (request: string) => (request === "vip" ? 0 : 1),
      levels: 2,
      maxWaiting: 2,
      label: "vips",
    });
    for (const limit of [
      () => concurrencyLimit(1, { line: byImportance }),
      () => concurrencyLimit(new Semaphore(1, { line: byImportance })),
      () => adaptiveLimit(vegas({ initial: 1, min: 1, max: 1 }), { line: byImportance }),
    ]) {
      const service = stacked([limit()]);
      const before = describe(service).root.numbers;
      const aborting = new AbortController();
      const held = service.tryReady();
      const { signal } = aborting;
      const asked = ["b", "c", "vip"].map((request) => service.ready({ request: request as never, signal }));
      const settled = Promise.allSettled(asked);
      const counts = (numbers: Readonly<Record<string, number>>, what: string): number =>
        (numbers[what] ?? Number.NaN) - (before[what] ?? Number.NaN);
      const { root } = describe(service);
      expect(root.facts["line"]).toBe("priorityLine (vips)");
      expect(root.numbers["line.maxWaiting"]).toBe(2);
      expect(counts(root.numbers, "line.levels.0.waiting")).toBe(1);
      expect(counts(root.numbers, "line.levels.1.waiting")).toBe(1);
      expect(counts(root.numbers, "line.levels.1.refused")).toBe(1);
      expect(describe(service).toString()).toContain("line.levels.0.waiting 1");
      aborting.abort();
      await settled;
      held?.release();
      expect(counts(describe(service).root.numbers, "line.levels.1.waiting")).toBe(0);
    }
  });

  test("that refuses nobody grows as any other", () => {
    expect(rulesOf(concurrencyLimit(10, { line: line({}) }))).toEqual(["unbounded-line"]);
    expect(rulesOf(adaptiveLimit(vegas(), { line: line({}) }))).toEqual(["unbounded-line"]);
  });
});

group("promise 31: with our own layers", () => {
  const limit = (max = 10): AnyLayer => concurrencyLimit(max);
  test.each<[rule: WarningRule, broken: () => AnyService, mended: () => AnyService]>([
    [
      "limit-outside-retry",
      () => stacked([loadShed(), limit(), again(), timeout(5)]),
      () => stacked([loadShed(), again(), limit(), timeout(5)]),
    ],
    [
      "limit-outside-routes",
      () => stacked([loadShed(), limit()], table(leaf())),
      () => table(stacked([loadShed(), limit()])),
    ],
    [
      "buffer-outside-routes",
      () => stacked([buffer({ capacity: 5 })], table(stacked([limit()]))),
      () => table(stacked([buffer({ capacity: 5 }), limit()])),
    ],
    [
      "limit-outside-buffer",
      () => stacked([loadShed(), limit(), buffer({ capacity: 5 })]),
      () => stacked([loadShed(), buffer({ capacity: 5 }), limit()]),
    ],
    [
      "shed-inside-limit",
      () => stacked([timeout({ total: 5 }), limit(), loadShed()]),
      () => stacked([timeout({ total: 5 }), loadShed(), limit()]),
    ],
    ["shed-with-nothing-inside", () => stacked([loadShed(), trace()]), () => stacked([loadShed(), trace(), limit()])],
    [
      "timeout-cannot-bound-wait",
      () => stacked([timeout(100), limit()]),
      () => stacked([timeout({ total: 100 }), limit()]),
    ],
    [
      "unbounded-line",
      () => stacked([rateLimit({ limit: 5, interval: 10 })]),
      () => stacked([loadShed(), rateLimit({ limit: 5, interval: 10 })]),
    ],
    ["retry-without-budget", () => stacked([again(false), timeout(5)]), () => stacked([again(), timeout(5)])],
    [
      "retry-without-attempt-timeout",
      () => stacked([timeout(50), again()]),
      () => stacked([timeout(50), again(), timeout(5)]),
    ],
  ])("%s", (rule, broken, mended) => {
    expect(describe(broken()).warnings.map((warning) => warning.rule)).toEqual([rule]);
    expect(describe(mended()).warnings).toEqual([]);
  });

  test("the order that docs/order.md starts from has no warning", () => {
    const service = stacked([
      recover(OverloadedError, () => "busy"),
      trace(),
      meter("edge"),
      loadShed(),
      timeout(1_000),
      buffer({ capacity: 100 }),
      again(),
      rateLimit({ limit: 500, interval: 1_000 }),
      concurrencyLimit(50),
      timeout(200),
    ]);
    expect(describe(service).warnings).toEqual([]);
  });

  test("each rule has its section in docs/order.md", () => {
    const page = readFileSync(join(import.meta.dirname, "../../docs/order.md"), "utf8");
    const rules = [...page.matchAll(/^### ([a-z-]+)$/gmu)].map(([, rule]) => rule!);
    // The error for a wrong value lists all valid ones.
    expect(rules).toHaveLength(12);
    for (const rule of rules) expect(() => describe(leaf(), { allow: [rule as WarningRule] })).not.toThrow();
  });
});

group("a description", () => {
  test.each(Object.keys(eachLayer))("of %s asks for no permit, and is the same each time (promise 34)", (name) => {
    const layer = eachLayer[name]!(new VirtualClock());
    const service = stacked([concurrencyLimit(1), layer, concurrencyLimit(1)]);
    const before = describe(service);
    expect(describe(service)).toEqual(before);
    expect(before.root.numbers).toMatchObject({ active: 0, waiting: 0 });
    expect(JSON.parse(JSON.stringify(before))).toEqual(before.toJSON());
    expect(before.toString()).toContain("concurrencyLimit");
  });

  test("shows the routes of a table as they are now", () => {
    const routes = new Map([["/a", stacked([concurrencyLimit(1)]) as never]]);
    const service = routingTable({ key: (request: unknown) => String(request), routes }) as AnyService;
    routes.set("/b", steer([leaf(), leaf()] as never, () => 0) as never);
    const { root } = describe(service);
    expect(root.branches?.map(({ key, node }) => [key, node.layer])).toEqual([
      ["/a", "concurrencyLimit"],
      ["/b", "steer"],
    ]);
  });

  test("shows the numbers of now", () => {
    const service = stacked([concurrencyLimit(4, { label: "db" })]);
    const permit = service.tryReady()!;
    expect(describe(service).root).toMatchObject({
      label: "db",
      facts: { max: 4 },
      numbers: { max: 4, active: 1, available: 3 },
    });
    permit.release();
  });
});

test("a layer that sheds is shown with who refused", async () => {
  const service = stacked([loadShed(), concurrencyLimit(0)]);
  await Promise.allSettled([service.call("a" as never)]);
  expect(describe(service).root.numbers).toMatchObject({ refused: 1, "refusedBy.concurrencyLimit": 1 });
});

test("what a layer with two services inside counts is shown", async () => {
  const failing = serviceFn((): Promise<string> => Promise.reject(new Error("down")));
  const service = stacked([fallback({ to: leaf() })], failing);
  expect(describe(service).root).toMatchObject({ layer: "fallback", numbers: { fallbacks: 0 } });
  await service.call("hello" as never);
  expect(describe(service).root.numbers).toEqual({ fallbacks: 1 });
  expect(describe(service).toString()).toContain("fallbacks 1");
});

test("loadShed around a connection is no mistake, and what the connection counts is shown", async () => {
  const db = reconnect(() => Promise.resolve(leaf()));
  const service = stacked([loadShed()], db);
  expect(describe(service).warnings).toEqual([]);
  expect(describe(service).root.inner?.numbers).toEqual({ active: 0, waiting: 0, attempts: 0, failures: 0, breaks: 0 });
  await db.call("hello" as never);
  expect(describe(service).warnings).toEqual([]);
  expect(describe(service).root.inner?.numbers).toMatchObject({ attempts: 1 });
});

test("what a balancer counts is shown, and without endpoints it has no room", () => {
  const service = balance<AnyService>();
  expect(describe(stacked([loadShed()], service)).warnings).toEqual([]);
  expect(describe(service).root.numbers).toMatchObject({ size: 0, ejected: 0, pending: 0, waiting: 0 });
  service.add("a", leaf());
  expect(describe(service).root.numbers).toMatchObject({ size: 1 });
});

test("the line of an adaptive limit whose algorithm has no bound above may grow as any other", () => {
  const limit = adaptiveLimit({ limit: 10, sample: () => 10 });
  expect(describe(stacked([limit])).warnings.map(({ rule }) => rule)).toEqual(["unbounded-line"]);
  expect(describe(stacked([loadShed(), limit])).warnings).toEqual([]);
});

test("answerFailures refuses who would have to wait, unless it is told to let them", () => {
  const rulesOf = (layer: AnyLayer): readonly WarningRule[] =>
    describe(stacked([layer, concurrencyLimit(10)])).warnings.map(({ rule }) => rule);
  expect(rulesOf(answerFailures())).toEqual([]);
  expect(rulesOf(answerFailures(undefined, { wait: true }))).toEqual(["unbounded-line"]);
});

group("what is inside comes later", () => {
  test.each<[what: string, inside: () => AnyService]>([
    ["a balancer that has not discovered its endpoints", () => balance({ endpoints: [] }) as AnyService],
    ["a connection that nobody has asked for", () => reconnect(async () => leaf()) as AnyService],
    ["a table without routes", () => routingTable({ key: String, routes: new Map<string, AnyService>() })],
  ])("%s is not warned of", (_what, inside) => {
    expect(describe(stacked([loadShed(), again()], inside())).warnings).toEqual([]);
  });
});
