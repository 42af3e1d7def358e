import { schedules } from "@sluice/test-kit";
import { buffer } from "@sluice/buffer";
import { type AnyLayer, gate, Semaphore } from "@sluice/core";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { VirtualClock } from "@sluice/testing";
import { timeout } from "@sluice/timeout";
import { trace } from "@sluice/trace";
import { mapRequest } from "@sluice/util";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GatesModel, type GateRules } from "./helper/gates-model.ts";
import { routed } from "./helper/routed.ts";
import { stacked } from "./helper/stacked.ts";
import { type Work, Workshop } from "./helper/workshop.ts";

const gates: fc.Arbitrary<GateRules> = fc.oneof(
  fc.record({ kind: fc.constant("concurrency" as const), max: fc.integer({ min: 1, max: 3 }) }),
  fc.record({
    kind: fc.constant("rate" as const),
    limit: fc.integer({ min: 1, max: 3 }),
    interval: fc.integer({ min: 1, max: 20 }),
  }),
  fc.record({ kind: fc.constant("buffer" as const), capacity: fc.integer({ min: 1, max: 3 }) }),
);
const stacks = fc.array(gates, { minLength: 2, maxLength: 3 });

/** The counters of a layer, in the order of the model's. */
interface Counted {
  readonly layer: AnyLayer;
  readonly counts: () => readonly number[];
}

function real(rules: GateRules, clock: VirtualClock): Counted {
  if (rules.kind === "concurrency") {
    const layer = concurrencyLimit(rules.max, { clock });
    return { layer, counts: () => [layer.waiting, 0, layer.active, layer.available] };
  }
  if (rules.kind === "rate") {
    const layer = rateLimit({ limit: rules.limit, interval: rules.interval, clock });
    return { layer, counts: () => [layer.waiting, 0, layer.active, layer.available] };
  }
  const layer = buffer({ capacity: rules.capacity, clock });
  return {
    layer,
    counts: () => [layer.waiting, layer.queued, layer.active, layer.available],
  };
}

function counts(model: GatesModel): readonly (readonly number[])[] {
  return model.gates.map((each) => [each.line.length, each.queue.length, each.inside.size, model.free(each)]);
}

const operations = fc.record({
  what: fc.constantFrom("call", "call", "call", "tryReady", "spend", "release", "finish", "finish", "abort", "advance"),
  pick: fc.nat(9),
  ms: fc.integer({ min: 1, max: 12 }),
});

describe("promise 4: through gates of different make", () => {
  test("who starts when, and who waits where, is as a plain model says", async () => {
    await fc.assert(
      fc.asyncProperty(stacks, fc.array(operations, { maxLength: 40, size: "max" }), async (rules, steps) => {
        const clock = new VirtualClock();
        const workshop = new Workshop();
        const layers = rules.map((each) => real(each, clock));
        // Pass-through layers in between change nothing.
        const passing = [trace({ clock }), mapRequest((request: string) => request), routed()];
        const service = stacked(
          layers.flatMap(({ layer }, nth) => [layer, passing[nth % passing.length]!]),
          workshop.service,
        );
        const model = new GatesModel(rules);
        const aborts = new Map<number, AbortController>();
        const permits = new Map<number, NonNullable<ReturnType<typeof service.tryReady>>>();
        let asked = 0;
        for (const { what, pick, ms } of steps) {
          const one = (from: Iterable<number>): number | undefined => {
            const all = [...from];
            return all[pick % Math.max(all.length, 1)];
          };
          if (what === "call") {
            const abort = new AbortController();
            aborts.set(asked, abort);
            model.call(asked);
            service.call(`${asked++}`, { signal: abort.signal }).catch(() => {});
          } else if (what === "tryReady") {
            const permit = service.tryReady(`${asked}`);
            const expected = model.tryReady(asked);
            if ((permit !== undefined) !== expected) throw new Error(`tryReady gets ${expected ? "one" : "none"}`);
            if (permit !== undefined) permits.set(asked, permit);
            asked++;
          } else if (what === "advance") {
            await clock.advanceAsync(ms);
            model.advance(ms);
          } else if (what === "spend" || what === "release") {
            const who = one(model.held);
            if (who === undefined) continue;
            if (what === "spend")
              permits
                .get(who)
                ?.call(`${who}`)
                .catch(() => {});
            else permits.get(who)?.release();
            model[what](who);
          } else if (what === "finish") {
            const who = one(model.running);
            if (who === undefined) continue;
            workshop.of(`${who}`).finish();
            model.finish(who);
          } else {
            const who = one(model.waiting.filter((each) => aborts.has(each)));
            if (who === undefined) continue;
            aborts.get(who)?.abort("left");
            model.abort(who);
          }
          await clock.advance(0);
          expect(workshop.begun.map(Number)).toEqual(model.begun);
          expect(layers.map((each) => each.counts())).toEqual(counts(model));
        }
      }),
      { numRuns: schedules(1_000) },
    );
  });

  test("nobody later slips past, at whichever microtask he tries", async () => {
    const hasty = fc.record({
      what: fc.constantFrom("call", "call", "newcomer", "newcomer", "finish", "finish", "abort", "advance", "ticks"),
      pick: fc.nat(9),
      ms: fc.integer({ min: 1, max: 12 }),
    });
    await fc.assert(
      fc.asyncProperty(stacks, fc.array(hasty, { maxLength: 60, size: "max" }), async (rules, steps) => {
        const clock = new VirtualClock();
        const workshop = new Workshop();
        const layers = [timeout({ ready: 1_000, clock }), ...rules.map((each) => real(each, clock).layer)];
        const service = stacked([...layers, gate(new Semaphore(2), { name: "last" })], workshop.service);
        const aborts: AbortController[] = [];
        let asked = 0;
        for (const { what, pick, ms } of steps) {
          if (what === "call") {
            const abort = new AbortController();
            aborts.push(abort);
            service.call(`${asked++}`, { signal: abort.signal }).catch(() => {});
          } else if (what === "newcomer") {
            const permit = service.tryReady(`${asked}`);
            // A caller that gets a permit has asked after all that are in line.
            if (permit !== undefined) permit.call(`${asked++}`).catch(() => {});
          } else if (what === "finish") workshop.running[pick % 3]?.finish();
          else if (what === "abort") aborts[pick % Math.max(aborts.length, 1)]?.abort("left");
          else if (what === "advance") void clock.advance(ms);
          else for (let tick = 0; tick <= pick; tick++) await Promise.resolve();
        }
        for (let round = 0; round < 200 && (workshop.running.length > 0 || clock.pending > 0); round++) {
          for (const work of workshop.running.slice()) work.finish();
          await clock.advance(20);
        }
        const begun = workshop.begun.map(Number);
        expect(begun).toEqual([...begun].sort((a, b) => a - b));
        expect([workshop.running, clock.pending]).toEqual([[], 0]);
      }),
      { numRuns: schedules(1_000) },
    );
  });
});

describe("promise 4: at three gates", () => {
  function world() {
    const clock = new VirtualClock();
    const workshop = new Workshop();
    const [rate, queue, limit] = [
      rateLimit({ limit: 3, interval: 100, clock }),
      buffer({ capacity: 2 }),
      concurrencyLimit(1),
    ];
    return { clock, workshop, rate, queue, limit, service: stacked([rate, queue, limit], workshop.service) };
  }
  const names = (count: number, from = 0): string[] => Array.from({ length: count }, (_each, nth) => `${from + nth}`);

  test("all are served in the order in which they asked, wherever they had to wait", async () => {
    const { clock, workshop, rate, queue, limit, service } = world();
    const answers = names(9).map((name) => service.call(name));
    expect([limit.active, queue.queued, rate.waiting]).toEqual([1, 2, 6]);
    for (let round = 0; round < 9; round++) {
      await clock.advance(100);
      const [work] = workshop.running as [Work];
      work.finish();
      await clock.advance(0);
    }
    await Promise.all(answers);
    expect(workshop.begun).toEqual(names(9));
  });

  test("one who leaves from the middle makes room for those behind, and for nobody else", async () => {
    const { clock, workshop, service, rate, queue } = world();
    const abort = new AbortController();
    void service.call("0");
    const left = service.call("1", { signal: abort.signal }).catch((error: unknown) => error);
    for (const name of names(4, 2)) void service.call(name);
    abort.abort("left");
    expect(await left).toBe("left");
    expect([queue.queued, rate.waiting]).toEqual([1, 3]);
    expect(service.tryReady("newcomer")).toBeUndefined();
    for (let round = 0; round < 5; round++) {
      workshop.running[0]?.finish();
      await clock.advance(100);
    }
    expect(workshop.begun).toEqual(["0", ...names(4, 2)]);
  });
});
