import { type Clock, type Layer, layerFn } from "@sluice/core";
import { stackOf, stackService } from "@sluice/core/internal";
import { readOptions, requireBoolean, requireClock, requireName, requireNumber } from "@sluice/core/kit";
import { requireAttributes } from "./attributes.ts";
import { Counts } from "./counts.ts";
import { metered } from "./metered-stack.ts";
import { register } from "./meters.ts";
import { type MeterSnapshot, snapshotOf } from "./snapshot.ts";

/** Options of {@link meter}. */
export interface MeterOptions {
  /**
   * Further labels of the point, fixed for the meter's life: `{ "server.address": "db1" }`. Do not use values that differ by request:
   * each set of labels is a time series of its own. Default: none.
   */
  readonly attributes?: Readonly<Record<string, string>> | undefined;
  /** Whether waits and calls are timed; default true. With false no clock is read, and the histograms stay empty. */
  readonly durations?: boolean | undefined;
  /** How many differing codes of failure are kept: a whole number of 1 or more; further ones are `_OTHER`. Default 32. */
  readonly codes?: number | undefined;
  /** Whether it counts from the start; default true. `meter.enabled` can be set while it runs. */
  readonly enabled?: boolean | undefined;
  /** Where durations are read; default `systemClock`. */
  readonly clock?: Clock | undefined;
}

/** A layer that counts what passes it. One value counts for all the services that it wraps. */
export interface Meter extends Layer {
  /** Further labels of the point. */
  readonly attributes: Readonly<Record<string, string>>;
  /**
   * Whether it counts. While it is off, the layer passes everything on and makes nothing. Waits and calls that began while it was on
   * are counted to their end.
   */
  enabled: boolean;
  /** Callers that asked for readiness and have no answer yet. */
  readonly waiting: number;
  /** Permits reserved that are neither spent nor released. */
  readonly reserved: number;
  /** Calls begun that have no answer. */
  readonly active: number;
  /** Calls whose work goes on after their answer. */
  readonly abandoned: number;
  /** Permits granted, from the beginning. */
  readonly granted: number;
  /** Permits released unspent, from the beginning. */
  readonly released: number;
  /** Refusals, from the beginning: callers that got no permit and did not wait for one. */
  readonly refused: number;
  /** All that it counts, at this moment. */
  snapshot(): MeterSnapshot;
}

const name = "meter";

/**
 * Counts what passes one point of a stack: callers that wait for readiness, permits that are held, calls that run, refusals by the layer
 * that refused, how calls ended, and how long waits and calls took. It only observes: it changes no answer and no order, and
 * adds no microtask.
 *
 * The difference of two meters is due to the layer between them: callers that wait in the outer meter and not in the inner one wait in
 * that layer. One meter may stand in several stacks, and then counts for all of them; twice in one stack is refused.
 *
 * @example
 * const edge = meter("orders");
 * const db = meter("db", { attributes: { "server.address": "db1" } });
 * const service = new ServiceBuilder().layer(edge).layer(concurrencyLimit(64)).layer(db).serviceFn(query);
 * edge.waiting - db.waiting; // callers in the limit's line
 * edge.snapshot().wait.quantile(0.99); // ms
 *
 * @param point what the point is called: non-empty text
 * @throws TypeError | RangeError when `point` or an option is not in its range
 */
export function meter(point: string, options?: MeterOptions): Meter {
  requireName(name, point);
  const read = readOptions(name, options, ["attributes", "durations", "codes", "enabled", "clock"]);
  const attributes = requireAttributes(name, read.attributes);
  const { durations = true, codes = 32, enabled = true } = read;
  requireBoolean(name, "durations", durations);
  requireNumber(name, "codes", codes, { min: 1, integer: true });
  requireBoolean(name, "enabled", enabled);
  const counts = new Counts(enabled, durations, codes, requireClock(name, read.clock));
  const layer = layerFn(name, (service) => stackService(metered(stackOf(service), counts)), counts, {
    label: point,
    traits: ["observes"],
    facts: attributes,
  });
  const made: Meter = {
    ...layer,
    attributes,
    get enabled() {
      return counts.enabled;
    },
    set enabled(on) {
      counts.enabled = requireBoolean(name, "enabled", on);
    },
    get waiting() {
      return counts.waiting;
    },
    get reserved() {
      return counts.reserved;
    },
    get active() {
      return counts.active;
    },
    get abandoned() {
      return counts.abandoned;
    },
    get granted() {
      return counts.granted;
    },
    get released() {
      return counts.released;
    },
    get refused() {
      return counts.refused;
    },
    snapshot: () => snapshotOf(point, attributes, counts),
  };
  counts.meter = made;
  register(made);
  return made;
}
