import { buffer } from "@sluice/buffer";
import { type AnyLayer, gate, type Layer, layerFn, middleware, Semaphore, serviceFn } from "@sluice/core";
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
import { boxLayer, routingTable } from "@sluice/util-box";
import { stacked } from "./stacked.ts";

/** What is drawn of a layer: its kind, and numbers that mean what the kind makes of them. */
export interface LayerDraw {
  readonly kind: string;
  /** 1 to 3. */
  readonly size: number;
  /** 1 to 40. */
  readonly ms: number;
}

/** A layer, and how to see that it is at rest. */
export interface DrawnLayer {
  readonly layer: AnyLayer;
  /** All that is held, waits or runs in it: 0 at rest. */
  readonly held?: () => number;
  /** The most that may run inside at once. */
  readonly max?: number | undefined;
  /** Whether one call from outside may be several inside, one after the other. */
  readonly repeats?: boolean;
}

/** What calls fail with that are tried again. */
export class Transient extends Error {
  readonly code = "TRANSIENT";
}

const held = ({ active, waiting }: { readonly active: number; readonly waiting: number }): number => active + waiting;

/** Answers after a while, though the work goes on. */
function impatient(clock: VirtualClock, ms: number): Layer {
  return middleware("impatient", (request, next, options) => {
    const answer = next(request, options);
    answer.catch(() => {});
    return new Promise((resolve, reject) => {
      const timer = clock.setTimeout(() => reject(new Transient("impatient")), ms);
      const settled = (): void => {
        clock.clearTimeout(timer);
        answer.then(resolve, reject);
      };
      answer.then(settled, settled);
    });
  });
}

/** Each kind of layer that there is, in each of its shapes. */
export const kinds: Readonly<Record<string, (draw: LayerDraw, clock: VirtualClock) => DrawnLayer>> = {
  concurrencyLimit({ size }, clock) {
    const layer = concurrencyLimit(size, { clock });
    return { layer, held: () => held(layer) + size - layer.available, max: size };
  },
  "concurrencyLimit, until": ({ size }, clock) => {
    const until = () => new Promise<void>((ended) => clock.setTimeout(ended, 5));
    const layer = concurrencyLimit(size, { clock, until });
    return { layer, held: () => held(layer) + size - layer.available, max: size };
  },
  "concurrencyLimit, until at once": ({ size }, clock) => {
    const layer = concurrencyLimit(size, { clock, until: () => Promise.resolve() });
    return { layer, held: () => held(layer) + size - layer.available, max: size };
  },
  gate({ size }) {
    const semaphore = new Semaphore(size);
    return { layer: gate(semaphore, { name: "gate" }), held: () => held(semaphore), max: size };
  },
  ...Object.fromEntries(
    (["sliding-window", "token-bucket", "fixed-window"] as const).map((algorithm) => [
      `rateLimit, ${algorithm}`,
      ({ size, ms }: LayerDraw, clock: VirtualClock): DrawnLayer => {
        const layer = rateLimit({ limit: size, interval: ms, algorithm, clock });
        return { layer, held: () => held(layer) };
      },
    ]),
  ),
  buffer({ size }, clock) {
    const layer = buffer({ capacity: size, clock });
    return { layer, held: () => held(layer) + layer.queued + layer.running };
  },
  loadShed: () => ({ layer: loadShed() }),
  "timeout of the call": ({ ms }, clock) => {
    const layer = timeout({ call: ms, clock });
    return { layer, held: () => layer.abandoned };
  },
  "timeout of all": ({ ms, size }, clock) => {
    const layer = timeout({ ready: ms, total: ms + size, clock });
    return { layer, held: () => layer.abandoned };
  },
  "timeout for deadlines": (_draw, clock) => {
    const layer = timeout({ deadline: true, clock });
    return { layer, held: () => layer.abandoned };
  },
  retry({ size, ms }, clock) {
    const backoff = exponentialBackoff({ base: ms % 7, max: 10, jitter: "none" });
    const layer = retry(retryPolicy({ maxRetries: size, backoff }), { clock });
    return { layer, held: () => layer.waiting, repeats: true };
  },
  "retry, of copies": ({ size }, clock) => {
    const backoff = exponentialBackoff({ base: 5, max: 5 });
    const policy = {
      ...retryPolicy<string>({ maxRetries: size, backoff }),
      cloneRequest: (request: string) => request,
    };
    const layer = retry(policy, { clock });
    return { layer, held: () => layer.waiting, repeats: true };
  },
  trace: (_draw, clock) => ({ layer: trace({ clock, logger: { info() {}, warn() {} } }) }),
  middleware: () => ({ layer: middleware("own", async (request, next, options) => next(request, options)) }),
  "middleware that does not wait": ({ ms }, clock) => ({ layer: impatient(clock, ms) }),
  mapRequest: () => ({ layer: mapRequest((request: string) => `${request}'`) }),
  mapResponse: () => ({ layer: mapResponse(async (response: string) => `${response}'`) }),
  mapFailure: () => ({ layer: mapFailure(() => new Transient("mapped")) }),
  mapResult: () => ({ layer: mapResult((outcome: PromiseSettledResult<string>) => outcome) }),
  recover: () => ({ layer: recover(Transient, async () => "recovered") }),
  filter: ({ size }) => ({ layer: filter((request: string) => request.length % 4 !== size) }),
  "filter, async": ({ size }) => ({ layer: filter(async (request: string) => request.length % 4 !== size) }),
  ...Object.fromEntries(
    (["both", "late"] as const).map((reserve) => [
      `andThen, ${reserve}`,
      ({ size }: LayerDraw): DrawnLayer => {
        const limit = concurrencyLimit(size);
        const second = stacked(
          [limit],
          serviceFn((request: string) => request),
        );
        return { layer: andThen(second, { reserve }), held: () => held(limit) };
      },
    ]),
  ),
  boxLayer({ size }, clock) {
    const layer = concurrencyLimit(size, { clock });
    return { layer: boxLayer(layer), held: () => held(layer) + size - layer.available, max: size };
  },
  either: ({ size }) => ({
    layer: either(
      size > 1,
      mapResponse((response: string) => response),
      loadShed(),
    ),
  }),
  optional({ size }, clock) {
    const layer = size > 1 ? concurrencyLimit(size, { clock }) : undefined;
    return { layer: optional(layer), held: () => (layer === undefined ? 0 : held(layer)), max: layer?.max };
  },
  "routingTable, of two services": ({ size }) => {
    const limit = concurrencyLimit(size);
    const other = serviceFn((request: string) => request);
    const layer = layerFn("routingTable", (inner) => {
      const routes = new Map([
        ["inner", limit.wrap(inner)],
        ["other", other],
      ]);
      return routingTable({ key: () => "inner", routes });
    });
    return { layer, held: () => held(limit), max: size };
  },
  routingTable({ size }) {
    const limits = [concurrencyLimit(size), concurrencyLimit(4 - size)];
    const layer = layerFn("routingTable", (inner) => {
      const routes = new Map(limits.map((limit, nth) => [nth, limit.wrap(inner)]));
      return routingTable({ key: (request: string) => request.length % 3, routes, notFound: inner });
    });
    return { layer, held: () => limits.reduce((sum, limit) => sum + held(limit), 0) };
  },
};
