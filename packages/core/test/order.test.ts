/* oxlint-disable vitest/no-conditional-expect -- what a random schedule brings about is looked at where it is */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gate, type Permit, Semaphore, type Service } from "../src/index.ts";
import { Leaf } from "./helper/leaf.ts";
import { turn } from "@sluice/test-kit";

/** Limits of the given sizes, the outermost first, around a leaf. */
function limits(...sizes: number[]) {
  const leaf = new Leaf();
  const semaphores = sizes.map((max) => new Semaphore(max));
  const layers = semaphores.map((semaphore, index) => gate(semaphore, { name: `limit${index}` }));
  const service: Service<unknown, unknown> = layers.reduceRight<Service<unknown, unknown>>(
    (inner, layer) => layer.wrap(inner),
    leaf.service,
  );
  return { leaf, semaphores, service };
}

describe("promise 4: in line", () => {
  const depths: [string, number[]][] = [
    ["one gate", [2]],
    ["two gates, held up at the outer", [2, 3]],
    ["two gates, held up at the inner", [3, 2]],
    ["three gates, held up at the outermost", [2, 3, 3]],
    ["three gates, held up in the middle", [3, 2, 3]],
    ["three gates, held up at the innermost", [9, 9, 2]],
    ["three gates, held up at each", [4, 3, 2]],
  ];
  test.each(depths)("through %s: newcomers are refused while somebody waits, or has not moved on", async (_, sizes) => {
    const { service, semaphores } = limits(...sizes);
    const holders: (Permit<unknown, unknown> | undefined)[] = [service.tryReady(), service.tryReady()];
    expect(holders.every((permit) => permit !== undefined)).toBe(true);
    const served: number[] = [];
    const permits: Permit<unknown, unknown>[] = [];
    for (const n of [1, 2, 3, 4]) {
      void service.ready().then((permit) => {
        served.push(n);
        permits.push(permit);
      });
    }
    for (const holder of holders) {
      holder?.release();
      // Refused in the same turn, …
      expect(service.tryReady()).toBeUndefined();
      // … and in each of the microtasks that it takes those granted to move on.
      for (let hop = 0; hop < 12; hop++) {
        await Promise.resolve();
        expect(service.tryReady()).toBeUndefined();
      }
    }
    while (permits.length > 0) {
      permits.shift()?.release();
      if (served.length < 4) expect(service.tryReady()).toBeUndefined();
      await turn();
    }
    expect(served).toEqual([1, 2, 3, 4]);
    expect(service.tryReady()).toBeDefined();
    expect(semaphores.map(({ active, waiting }) => [active, waiting])).toEqual(sizes.map(() => [1, 0]));
  });

  test("a newcomer who asks behind one who was granted joins the next line behind it", async () => {
    const { service, semaphores } = limits(1, 1);
    const [outer, inner] = semaphores as [Semaphore, Semaphore];
    const outerHolder = outer.tryAcquire();
    const innerHolder = inner.tryAcquire();
    const served: string[] = [];
    void service.ready().then(() => served.push("first"));
    outer.max = 2;
    outerHolder?.cancel();
    void service.ready().then(() => served.push("second"));
    inner.max = 2;
    innerHolder?.cancel();
    await turn();
    expect(served).toEqual(["first", "second"]);
  });

  test("someone who waits further in, by another route, blocks nobody", async () => {
    const outer = gate(new Semaphore(3), { name: "outer" });
    const full = new Semaphore(0);
    const a = outer.wrap(gate(full, { name: "a" }).wrap(new Leaf().service));
    const b = outer.wrap(gate(new Semaphore(1), { name: "b" }).wrap(new Leaf().service));
    const waiting = a.ready();
    expect(full.waiting).toBe(1);
    b.tryReady()?.release();
    (await b.ready()).release();
    full.max = 1;
    (await waiting).release();
  });

  test("one who aborts on the way is passed over, and its places are free again", async () => {
    const { service, semaphores } = limits(2, 1);
    const holder = service.tryReady();
    const controller = new AbortController();
    const gone = service.ready({ signal: controller.signal });
    const next = service.ready();
    expect(semaphores.map(({ active, waiting }) => [active, waiting])).toEqual([
      [2, 1],
      [1, 1],
    ]);
    controller.abort("gone");
    await expect(gone).rejects.toBe("gone");
    await turn();
    expect(semaphores.map(({ active, waiting }) => [active, waiting])).toEqual([
      [2, 0],
      [1, 1],
    ]);
    holder?.release();
    (await next).release();
    expect(semaphores.map(({ active }) => active)).toEqual([0, 0]);
  });
});

type Step =
  | { readonly do: "try" | "ask" | "call" | "drain" | "hop" }
  | { readonly do: "release" | "spend" | "respond" | "fail" | "abort"; readonly which: number }
  | { readonly do: "max"; readonly which: number; readonly max: number };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom("try", "ask", "ask", "call", "call", "drain", "hop", "hop") }),
  fc.record({ do: fc.constantFrom("release", "spend", "respond", "respond", "fail", "abort"), which: fc.nat(20) }),
  fc.record({ do: fc.constant("max"), which: fc.nat(2), max: fc.nat(3) }),
) as fc.Arbitrary<Step>;

test("promises 3, 4 and 5, through one to three gates and whatever the schedule", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
      fc.array(anyStep, { maxLength: 50 }),
      async (sizes, steps) => {
        const { service, semaphores, leaf } = limits(...sizes);
        const pick = <T>(from: T[], which: number): T | undefined =>
          from.splice(which % Math.max(from.length, 1), 1)[0];
        const permits: Permit<unknown, unknown>[] = [];
        const answers: Promise<unknown>[] = [];
        /** Those who have asked, in order, and have neither been served nor gone. */
        const line: { readonly controller: AbortController }[] = [];
        let answered = 0;
        const left = (who: { readonly controller: AbortController }): void => {
          const place = line.indexOf(who);
          if (place >= 0) line.splice(place, 1);
        };
        const servedInTurn = (who: { readonly controller: AbortController }): void => {
          // Whoever has aborted may still stand before one who is served.
          expect(line.find(({ controller }) => !controller.signal.aborted)).toBe(who);
          left(who);
        };
        const spend = (answer: Promise<unknown>): void => {
          answers.push(answer);
          answer.catch(() => {}).finally(() => answered++);
        };
        const running = (call: { done?: true }): boolean => call.done === undefined;
        const end = (which: number, how: "respond" | "fail"): void => {
          const open = (leaf.calls as (Leaf["last"] & { done?: true })[]).filter(running);
          const call = open[which % Math.max(open.length, 1)];
          if (call === undefined) return;
          call.done = true;
          call[how](new Error("settled"));
        };
        for (const step of steps) {
          switch (step.do) {
            case "try": {
              const waiting = semaphores.some((semaphore) => semaphore.waiting > 0);
              const permit = service.tryReady();
              if (permit === undefined) break;
              permits.push(permit);
              expect(waiting).toBe(false);
              // Whoever asked before and has yet to be told of it holds a place at the innermost gate by now.
              const untold = line.filter(({ controller }) => !controller.signal.aborted).length;
              expect(semaphores.at(-1)?.active).toBeGreaterThanOrEqual(leaf.running + permits.length + untold);
              break;
            }
            case "ask": {
              const who = { controller: new AbortController() };
              line.push(who);
              service.ready({ signal: who.controller.signal }).then(
                (permit) => {
                  if (!who.controller.signal.aborted) servedInTurn(who);
                  left(who);
                  permits.push(permit);
                },
                (reason: unknown) => {
                  expect(reason).toBe(who.controller.signal.reason);
                  left(who);
                },
              );
              break;
            }
            case "call":
              spend(service.call("x"));
              break;
            case "spend": {
              const permit = pick(permits, step.which);
              if (permit !== undefined) spend(permit.call("x"));
              break;
            }
            case "release":
              pick(permits, step.which)?.release();
              break;
            case "respond":
            case "fail":
              end(step.which, step.do);
              break;
            case "abort":
              line[step.which % Math.max(line.length, 1)]?.controller.abort({ gone: true });
              break;
            case "max": {
              const semaphore = semaphores[step.which % semaphores.length]!;
              semaphore.max = step.max;
              break;
            }
            case "hop":
              await Promise.resolve();
              break;
            case "drain":
              await turn();
          }
          // What is held at a gate is held by somebody further out, too; and nobody is let in past the limit.
          semaphores.reduce((outer, inner) => {
            expect(inner.active).toBeLessThanOrEqual(outer.active);
            return inner;
          });
          expect(leaf.running + permits.length).toBeLessThanOrEqual(
            Math.min(...semaphores.map(({ active }) => active)),
          );
        }
        for (const semaphore of semaphores) semaphore.max = Number.POSITIVE_INFINITY;
        await turn();
        for (const permit of permits) permit.release();
        while (leaf.running > 0) {
          end(0, "respond");
          await turn();
        }
        expect(line).toEqual([]);
        expect(answered).toBe(answers.length);
        expect(semaphores.map(({ active, waiting }) => [active, waiting])).toEqual(semaphores.map(() => [0, 0]));
      },
    ),
    { numRuns: 300 },
  );
});
