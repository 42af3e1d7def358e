import { type AnyService, events } from "@sluice/core";
import { readOptions, requireArray, requireOneOf, requireService } from "@sluice/core/kit";
import { Place } from "./place.ts";
import { rules } from "./rules.ts";
import { Description, type StackDescription } from "./stack-description.ts";
import type { StackWarning, WarningRule } from "./stack-warning.ts";

/** Options of {@link describe}. */
export interface DescribeOptions {
  /** Warnings that are not given, where the order is meant: `["unbounded-line"]`. Default: none. */
  readonly allow?: readonly WarningRule[] | undefined;
}

const owner = "describe";
const ruleNames = Object.keys(rules) as WarningRule[];

/**
 * What a service is made of, of whichever make, with the numbers of now, and what is to be said of its order. It asks for no permit and
 * changes nothing; describe it again for the numbers of later.
 *
 * A layer of anyone's own is shown by its name, with all of its members that are numbers. Its label, its traits, by which warnings
 * go, and its facts are what it was given as `about`. Where something listens to core's `events`, each warning is announced once for a
 * service, as `{ type: "order", layer: "describe", rule, at }`.
 *
 * @example
 * console.log(describe(service).toString());
 *
 * @throws TypeError | RangeError when `service` is no service, or `allow` is no array of rules
 */
export function describe(service: AnyService, options?: DescribeOptions): StackDescription {
  requireService(owner, "service", service);
  const { allow = [] } = readOptions(owner, options, ["allow"]);
  requireArray(owner, "allow", allow, "an array of rules");
  const allowed = Array.from(allow, (rule) => requireOneOf(owner, "each of allow", rule, ruleNames));
  const outermost = new Place(service);
  const asked = ruleNames.filter((rule) => !allowed.includes(rule));
  const warnings = [outermost, ...outermost.within()].flatMap((place) => warningsAt(place, asked));
  if (events.listening) announce(service, warnings);
  return new Description(outermost.node, warnings);
}

function warningsAt(place: Place, asked: readonly WarningRule[]): StackWarning[] {
  const { id: at, layer, label } = place.node;
  return asked.flatMap((rule) => {
    const message = rules[rule](place);
    return message === undefined ? [] : [{ rule, at, layer, label, message, see: `docs/order.md#${rule}` }];
  });
}

/** What was announced of each service. */
const announced = new WeakMap<AnyService, Set<string>>();

function announce(service: AnyService, warnings: readonly StackWarning[]): void {
  const known = announced.get(service) ?? new Set();
  announced.set(service, known);
  for (const { rule, at } of warnings) {
    const warning = `${rule} at ${at}`;
    if (known.has(warning)) continue;
    known.add(warning);
    events.emit({ type: "order", layer: owner, source: service, rule, at });
  }
}
