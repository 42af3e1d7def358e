import { adaptiveLimit, vegas } from "@sluice/adaptive-limit";
import { type AnyLayer, gate, layerFn, Semaphore, serviceFn } from "@sluice/core";
import { cache, coalesce } from "@sluice/cache";
import { keyed } from "@sluice/keyed";
import { priorityLine } from "@sluice/priority";
import { hedge } from "@sluice/hedge";
import { exponentialBackoff, retry, retryPolicy } from "@sluice/retry";
import { unhandledIn, watch } from "@sluice/test-kit";
import type { VirtualClock } from "@sluice/testing";
import { trace } from "@sluice/trace";
import { fallback, mapFailure, mapRequest, mapResult, recover } from "@sluice/util";
import { routingTable, steer } from "@sluice/util-box";
import { expect, test } from "vitest";
import { faultsOf, guardedStack } from "./helper/guarded-stack.ts";
import { revoked, untouchable } from "@sluice/test-kit";

const boom = new Error("boom");

/** What a user's function may do. */
const functions: ReadonlyMap<string, () => unknown> = new Map([
  ["throws", thrown],
  ["throws undefined", thrownUndefined],
  ...[
    undefined,
    null,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    -1,
    2 ** 31,
    "5",
    5n,
    Symbol("s"),
    {},
    revoked(),
    untouchable(),
  ].map((value, nth): [string, () => unknown] => [`answers with odd value ${nth}`, () => value]),
]);

function thrown(): never {
  throw boom;
}

function thrownUndefined(): never {
  throw undefined;
}

type OddFunction = (...args: unknown[]) => never;

/** Layers with a user's function that is called before or during a call. */
const handed: Readonly<Record<string, (odd: OddFunction, clock: VirtualClock) => AnyLayer>> = {
  retryIf: (retryIf, clock) => retry(retryPolicy({ maxRetries: 1, retryIf }), { clock }),
  retryAfter: (retryAfter, clock) => retry(retryPolicy({ maxRetries: 1, retryAfter }), { clock }),
  "next of a backoff": (next, clock) => retry(retryPolicy({ maxRetries: 1, backoff: { next } }), { clock }),
  "random of a backoff": (random, clock) =>
    retry(retryPolicy({ maxRetries: 1, backoff: exponentialBackoff({ base: 1, max: 5, random }) }), { clock }),
  "withdraw of a budget": (withdraw, clock) =>
    retry(retryPolicy({ maxRetries: 1, budget: { deposit() {}, withdraw } }), { clock }),
  "deposit of a budget": (deposit, clock) =>
    retry(retryPolicy({ maxRetries: 1, budget: { deposit, withdraw: () => true } }), { clock }),
  decide: (decide, clock) => retry({ decide }, { clock }),
  "start of a policy": (start, clock) => retry({ start, decide: () => undefined }, { clock }),
  cloneRequest: (cloneRequest, clock) => retry({ cloneRequest, decide: () => undefined }, { clock }),
  "delay of a hedge": (delay, clock) => hedge({ delay, clock }),
  hedgeIf: (hedgeIf, clock) => hedge({ delay: 5, hedgeIf, clock }),
  "cloneRequest of a hedge": (cloneRequest, clock) => hedge({ delay: 5, cloneRequest, clock }),
  "deposit of a hedge's budget": (deposit, clock) =>
    hedge({ delay: 5, budget: { deposit, withdraw: () => true }, clock }),
  mapRequest: (map) => mapRequest(map),
  mapFailure: (map) => mapFailure(map),
  mapResult: (map) => mapResult(map),
  "when of a fallback": (when) => fallback({ to: serviceFn(() => "fallback"), when }),
  "recover, the guard": (guard) => recover(guard as never, () => "recovered"),
  generateId: (generateId, clock) => trace({ generateId, clock }),
  traceparent: (traceparent, clock) => trace({ traceparent, clock }),
  "a logger": (info, clock) => trace({ logger: { info, warn: info }, clock }),
  key: (key) => layerFn("table", (inner) => routingTable({ key, routes: new Map([["x", inner]]), notFound: inner })),
  classify: (classify, clock) => adaptiveLimit(vegas(), { classify, clock }),
  "sample of an algorithm": (sample, clock) =>
    adaptiveLimit({ limit: 1, max: 1, sample, eachSample: true }, { window: false, clock }),
  "key of keyed": (key) => keyed({ key, gate: () => new Semaphore(1) }),
  "key of coalesce": (key, clock) => coalesce({ key, clock }),
  "key of cache": (key, clock) => cache({ key, ttl: 0, clock }),
  "gate of keyed": (make) => keyed({ key: (request) => request, gate: make }),
  priority: (priority, clock) =>
    gate(new Semaphore(1, { clock, line: priorityLine({ priority, clock }) }), { name: "prioritized" }),
  pick: (pick) => layerFn("steer", (inner) => steer([inner], pick)),
};

/** Functions that are called after the call: errors and invalid results are reported and change nothing. */
const reporting: ReadonlySet<string> = new Set(["classify", "sample of an algorithm"]);

test.each(Object.entries(handed))("promise 3 and 7: %s may do anything, and costs nothing", async (name, make) => {
  const faults: string[] = [];
  const reported = await unhandledIn(async () => {
    for (const [what, odd] of functions) {
      for (const fails of [false, true]) {
        const leaf = serviceFn(() => {
          if (fails) throw boom;
          return "ok";
        });
        const stack = guardedStack([(clock) => make(odd as OddFunction, clock)], leaf);
        const go = async (): Promise<string | undefined> => {
          const state = watch(stack.service.call("a"));
          await stack.clock.advanceAsync(100);
          return state()[0] === "pending" ? "is pending" : undefined;
        };
        faults.push(...(await faultsOf(`${what}, of work that ${fails ? "fails" : "answers"}`, stack, go)));
      }
    }
  });
  expect(faults.join("\n")).toBe("");
  expect(reported.length > 0).toBe(reporting.has(name));
});
