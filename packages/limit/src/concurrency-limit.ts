import {
  type Clock,
  events,
  gate,
  type GateOptions,
  type Layer,
  type Lease,
  type MayAdd,
  Semaphore,
  type WaitingLine,
} from "@sluice/core";
import { readOptions, requireFunction, requireLabel, show } from "@sluice/core/kit";
import { type Counters, withCounters } from "./counters.ts";

/** Options of {@link concurrencyLimit}. */
export interface ConcurrencyLimitOptions<Req = unknown, Err = never> {
  /**
   * Holds the permit past the response, until the promise that it returns settles: until a streamed body has
   * ended. Called once for each response; undefined holds nothing. Default: no longer than the call.
   */
  readonly until?: GateOptions["until"];
  /** Where `oldest` reads time; default `systemClock`. A semaphore has its own. */
  readonly clock?: Clock | undefined;
  /** Makes the line in which callers wait, for an order of its own; default first come, first served. A semaphore has its own. */
  readonly line?: ((serve: () => void) => WaitingLine<Lease, Req, Err>) | undefined;
  /** Tells this limit apart from others: `"db"`. It is on its refusals and events. Default: none. */
  readonly label?: string | undefined;
}

/**
 * A layer that lets at most `max` calls run at once. One value is one limit, for all the services that it wraps. Its `active` permits
 * are the reserved ones, and those whose work has not settled. `Err` is what its `line` refuses with.
 */
export interface ConcurrencyLimit<Req = unknown, Err = never> extends Layer<MayAdd<Err, Req>>, Counters {
  /** How many may run at once. Raising it serves waiters; lowering it takes nothing from running calls. */
  max: number;
  /** The option `line`, where there is one: with the counters that it may have. */
  readonly line: ConcurrencyLimitOptions<Req, Err>["line"];
}

/** A semaphore by its members, for one of another copy of core is as good. */
type AnySemaphore<Err = any> = Pick<Semaphore<Err>, keyof Semaphore>;

/**
 * Lets at most `max` calls run at once. A call counts from its reservation until its work, and all that was registered
 * with `waitUntil`, has settled; the rest wait in line, first come, first served.
 *
 * @example
 * const limit = concurrencyLimit(64);
 * const service = new ServiceBuilder().layer(limit).serviceFn(ask);
 * limit.active; // how many are in there
 *
 * @param max a whole number of 0 or more (0 admits no call), or Infinity; or the semaphore to take permits from, which
 *   several layers may share
 * @throws TypeError | RangeError when an option is not in its range
 */
export function concurrencyLimit<Req = unknown, Err = never>(
  max: number,
  options?: ConcurrencyLimitOptions<Req, Err>,
): ConcurrencyLimit<Req, Err>;
export function concurrencyLimit<Err = never>(
  semaphore: AnySemaphore<Err>,
  options?: Omit<ConcurrencyLimitOptions, "clock" | "line">,
): ConcurrencyLimit<unknown, Err>;
export function concurrencyLimit(
  max: number | AnySemaphore,
  options?: ConcurrencyLimitOptions<any, any>,
): ConcurrencyLimit<any, any> {
  const { until, clock, line, label } = readOptions(name, options, ["until", "clock", "line", "label"]);
  if (until !== undefined) requireFunction(name, "until", until);
  requireLabel(name, label);
  if (typeof max === "number") {
    return layerOf(new Semaphore(max, { clock, line }, name), until, label);
  }
  requireSemaphore(max);
  for (const [option, value] of Object.entries({ clock, line })) {
    if (value !== undefined) {
      throw new TypeError(`${name}: ${option} must be left to the semaphore; received ${show(value)}`);
    }
  }
  return layerOf(max, until, label);
}

const name = "concurrencyLimit";

/** The layer holds the semaphore: a stack refuses to hold it twice, for a caller would wait for itself. */
function layerOf(
  semaphore: AnySemaphore,
  until: GateOptions["until"],
  label: string | undefined,
): ConcurrencyLimit<any, any> {
  const facts = { max: semaphore.max, ...(semaphore.bounded && { boundedLine: true }) };
  const layer = {
    ...(gate(semaphore, { name, until, label, traits: ["limits"], facts }) as Layer<MayAdd<any>>),
    get max() {
      return semaphore.max;
    },
    set max(max) {
      const from = semaphore.max;
      semaphore.max = max;
      if (events.listening) events.emit({ type: "limit", layer: name, label, source: semaphore, from, to: max });
    },
    line: semaphore.line,
  };
  return withCounters(layer, semaphore);
}

/** By what it does and not by `instanceof`: it may come from another copy of core. */
function requireSemaphore(value: AnySemaphore): void {
  if (!isSemaphore(value)) {
    throw new TypeError(`${name}: max must be a number or a Semaphore; received ${show(value)}`);
  }
}

function isSemaphore(value: unknown): boolean {
  try {
    const { tryAcquire, acquire, active } = value as Partial<Semaphore>;
    return typeof tryAcquire === "function" && typeof acquire === "function" && typeof active === "number";
  } catch {
    // Null, undefined, or a getter that throws.
    return false;
  }
}
