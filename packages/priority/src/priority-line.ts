import type { OverloadedError, WaitingLine } from "@sluice/core";
import { type LevelCount, LevelCounter } from "./level-count.ts";
import { LineByLevel } from "./line-by-level.ts";
import { type PriorityLineOptions, requireOptions } from "./priority-options.ts";

/** What {@link priorityLine} makes: the option `line` of a limit, and what its lines count. `Err` is what its lines refuse with. */
export interface PriorityLine<in Req = unknown, out Err = never> {
  /** Makes a line. `serve` grants to those in line while there is room. */
  <Grant>(serve: () => void): WaitingLine<Grant, Req, Err>;
  /** What is counted of each level, the most important first: of all the lines that it has made. */
  readonly levels: readonly LevelCount[];
  /** The name, the label, `maxWaiting` where there is one, and the counters: what a logger needs. */
  toJSON(): Record<string, unknown>;
}

/** Options with which no caller is refused. */
type PatientOptions<Req> = PriorityLineOptions<Req> & {
  readonly maxWaiting?: undefined;
  readonly codel?: undefined;
};

const name = "priorityLine";

/**
 * A line in which the more important callers are served first, for any limit: `new Semaphore(max, { line })`,
 * `concurrencyLimit(max, { line })`, `adaptiveLimit(algorithm, { line })`. Within a level callers are served in order. A share of the
 * grants goes to less important callers, so that none waits forever. With `maxWaiting` and `codel` it refuses with `OverloadedError`, the
 * least important first.
 *
 * @example
 * const line = priorityLine({ priority: (request: { urgent: boolean }) => (request.urgent ? 0 : 3), codel: true });
 * const service = new ServiceBuilder().layer(concurrencyLimit(64, { line })).serviceFn(ask);
 * line.levels[3].refused; // how many of the least important were refused
 *
 * @throws TypeError | RangeError when an option is not in its range
 */
export function priorityLine<Req>(options: PatientOptions<Req>): PriorityLine<Req>;
export function priorityLine<Req>(options: PriorityLineOptions<Req>): PriorityLine<Req, OverloadedError>;
export function priorityLine<Req>(options: PriorityLineOptions<Req>): PriorityLine<Req, OverloadedError> {
  const required = requireOptions(name, options);
  const counters = Array.from({ length: required.levels }, () => new LevelCounter());
  const make = <Grant>(serve: () => void): WaitingLine<Grant, Req> => new LineByLevel(required, counters, serve);
  const { label } = required;
  // JSON has no number without end.
  const maxWaiting = Number.isFinite(required.maxWaiting) ? required.maxWaiting : undefined;
  return Object.assign(make, { levels: counters, toJSON: () => ({ name, label, maxWaiting, levels: counters }) });
}
