import { buffer } from "@sluice/buffer";
import { type AnyLayer, gate, middleware, Semaphore, type Service } from "@sluice/core";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import { exponentialBackoff, retry, retryBudget, retryPolicy } from "@sluice/retry";
import { type MockHandle, mockService, VirtualClock } from "@sluice/testing";
import { timeout } from "@sluice/timeout";
import { trace } from "@sluice/trace";
import { mapRequest, mapResponse, recover } from "@sluice/util";
import { routed } from "./routed.ts";
import { stacked } from "./stacked.ts";

/** A stack over a mock service, and how to see that it is at rest. */
export interface Gateway {
  readonly clock: VirtualClock;
  readonly service: Service<string, string>;
  readonly handle: MockHandle<string, string>;
  /** The numbers of everything that is held, waits, runs or is armed in the stack, by name. All are 0 at rest. */
  held(): Readonly<Record<string, number>>;
}

class Transient extends Error {
  readonly code = "TRANSIENT";
}

class NeverRaised extends Error {
  readonly code = "NEVER_RAISED";
}

/** The failure of a stack's work that is retried. */
export function transient(): Error {
  return new Transient();
}

/** Every layer between a caller and a backend, once. */
function layersOf(clock: VirtualClock) {
  const limit = concurrencyLimit(2, { clock });
  const upstream = new Semaphore(2, { clock });
  const rate = rateLimit({ limit: 100, interval: 1_000, clock });
  const queue = buffer({ capacity: 2, clock });
  const times = timeout({ ready: 1_000, call: 1_000, clock });
  const budget = retryBudget({ clock });
  const retries = retry(
    retryPolicy({
      maxRetries: 2,
      retryIf: ({ outcome }) => outcome.status === "rejected" && outcome.reason instanceof Transient,
      backoff: exponentialBackoff({ base: 10, max: 10, jitter: "none" }),
      budget,
    }),
    { clock },
  );
  const watching: AnyLayer[] = [
    trace({ clock }),
    middleware("handsOn", (request, next, options) => next(request, options)),
  ];
  const mapping: AnyLayer[] = [
    mapRequest((request: string) => request),
    mapResponse((response: string) => response),
    recover(NeverRaised, () => "never"),
  ];
  const outer = gate(upstream, { name: "upstream" });
  return { limit, upstream, rate, queue, times, retries, watching, mapping, outer };
}

/** Typical stacks, by how they handle callers without room. */
export const stacks: Readonly<Record<string, (layers: ReturnType<typeof layersOf>) => AnyLayer[]>> = {
  "a stack whose callers wait in line": ({ limit, rate, times, retries, watching, mapping, outer }) => [
    ...watching,
    times,
    retries,
    outer,
    ...mapping,
    rate,
    limit,
  ],
  "a stack that sheds": ({ limit, rate, times, retries, watching, mapping, outer }) => [
    ...watching,
    loadShed(),
    outer,
    ...mapping,
    times,
    retries,
    rate,
    limit,
  ],
  "a stack with a buffer": ({ limit, rate, queue, times, retries, watching, mapping, outer }) => [
    ...watching,
    rate,
    times,
    queue,
    retries,
    outer,
    ...mapping,
    limit,
  ],
  "a stack with a table in it": ({ limit, rate, queue, times, retries, watching, mapping, outer }) => [
    outer,
    ...mapping,
    times,
    routed(),
    ...watching,
    queue,
    limit,
    retries,
    rate,
  ],
};

/** The stack of that name. */
export function gateway(name: string): Gateway {
  const clock = new VirtualClock();
  const [inner, handle] = mockService<string, string>();
  const layers = layersOf(clock);
  const { limit, upstream, rate, queue, times, retries } = layers;
  return {
    clock,
    handle,
    service: stacked(stacks[name]!(layers), inner),
    held: () => ({
      "slots held": limit.active,
      "in line for a slot": limit.waiting,
      "slots lost": 2 - limit.available - limit.active,
      "upstream held": upstream.active,
      "in line for the upstream": upstream.waiting,
      "of the rate held": rate.active,
      "in line for the rate": rate.waiting,
      "of the buffer held": 2 - queue.available,
      "in the buffer": queue.queued + queue.running,
      "in line for the buffer": queue.waiting,
      "in a backoff": retries.waiting,
      "given up on": times.abandoned,
      "reserved inside": handle.reserved,
      "in line inside": handle.waiting,
      "in flight": handle.active,
      "timers armed": clock.pending,
    }),
  };
}

/** The numbers that are not 0; none at rest. */
export function leftIn(each: Gateway): readonly string[] {
  return Object.entries(each.held()).flatMap(([what, count]) => (count === 0 ? [] : [`${what}: ${count}`]));
}
