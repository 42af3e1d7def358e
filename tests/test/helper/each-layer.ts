import { buffer } from "@sluice/buffer";
import { type AnyLayer, gate, identity, middleware, Semaphore, serviceFn } from "@sluice/core";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import { exponentialBackoff, retry, retryPolicy } from "@sluice/retry";
import type { VirtualClock } from "@sluice/testing";
import { timeout } from "@sluice/timeout";
import { trace } from "@sluice/trace";
import {
  andThen,
  either,
  filter,
  mapFailure,
  mapRequest,
  mapResponse,
  mapResult,
  optional,
  recover,
} from "@sluice/util";
import { routed } from "./routed.ts";

class NeverRaised extends Error {
  readonly code = "NEVER_RAISED";
}

const silent = { info() {}, warn() {} };
const once = { maxRetries: 1, backoff: exponentialBackoff({ base: 10, max: 10, jitter: "none" }) };

/** A layer of every package in every shape, with room for much. They change nothing that passes, so that any stack of them answers alike. */
export const eachLayer: Readonly<Record<string, (clock: VirtualClock) => AnyLayer>> = {
  identity: () => identity(),
  "middleware that hands on": () => middleware("handsOn", (request, next, options) => next(request, options)),
  "middleware of its own": () => middleware("own", async (request, next, options) => next(request, options)),
  gate: () => gate(new Semaphore(9), { name: "gate" }),
  concurrencyLimit: (clock) => concurrencyLimit(9, { clock }),
  "rateLimit, sliding window": (clock) => rateLimit({ limit: 9, interval: 1_000, clock }),
  "rateLimit, token bucket": (clock) => rateLimit({ limit: 9, interval: 1_000, algorithm: "token-bucket", clock }),
  "rateLimit, fixed window": (clock) => rateLimit({ limit: 9, interval: 1_000, algorithm: "fixed-window", clock }),
  loadShed: () => loadShed(),
  buffer: (clock) => buffer({ capacity: 9, clock }),
  "timeout of the call": (clock) => timeout({ call: 10_000, clock }),
  "timeout of all": (clock) => timeout({ ready: 10_000, total: 10_000, clock }),
  "timeout for deadlines": (clock) => timeout({ deadline: true, clock }),
  retry: (clock) => retry(retryPolicy({ ...once, retryIf: () => false }), { clock }),
  trace: (clock) => trace({ clock }),
  "trace with a logger": (clock) => trace({ clock, logger: silent }),
  mapRequest: () => mapRequest((request: string) => request),
  mapResponse: () => mapResponse((response: string) => response),
  mapFailure: () => mapFailure((failure: unknown) => failure),
  mapResult: () => mapResult((outcome: PromiseSettledResult<string>) => outcome),
  recover: () => recover(NeverRaised, () => "recovered"),
  filter: () => filter(() => true),
  "filter, async": () => filter(async () => true),
  andThen: () => andThen(serviceFn((response: string) => response)),
  "andThen, late": () =>
    andThen(
      serviceFn((response: string) => response),
      { reserve: "late" },
    ),
  optional: () => optional(concurrencyLimit(9)),
  either: () => either(false, identity(), concurrencyLimit(9)),
  routingTable: () => routed(),
};

/** Those that only look on: they hand on the answer that they were given. */
export const observing: readonly string[] = [
  "identity",
  "middleware that hands on",
  "gate",
  "concurrencyLimit",
  "rateLimit, sliding window",
  "rateLimit, token bucket",
  "rateLimit, fixed window",
  "loadShed",
  "timeout for deadlines",
  "trace",
  "trace with a logger",
  "mapRequest",
  "optional",
  "either",
  "routingTable",
];
