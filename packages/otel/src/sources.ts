import type { AnyService } from "@sluice/core";
import { requireObject, requireService, show } from "@sluice/core/kit";
import type { CountingMeter } from "./metered.ts";
import { registeredMeters } from "./registered-meters.ts";

/** Which meters are exported: themselves, or a function that says so at each collection. */
export type Meters = Iterable<CountingMeter> | (() => Iterable<CountingMeter>);

/** @throws TypeError when it is neither */
export function requireMeters(owner: string, meters: Meters | undefined): () => Iterable<CountingMeter> {
  if (meters === undefined) return registeredMeters;
  if (typeof meters === "function") return meters;
  try {
    if (typeof meters[Symbol.iterator] === "function") {
      // An iterator, `meters()` for instance, is at its end after one collection.
      const all = isIterator(meters) ? Array.from(meters) : meters;
      return () => all;
    }
  } catch {
    // Null, or a getter that throws.
  }
  throw new TypeError(`${owner}: meters must be an iterable of meters, or a function; received ${show(meters)}`);
}

function isIterator(meters: Iterable<CountingMeter>): boolean {
  return typeof (meters as Partial<Iterator<CountingMeter>>).next === "function";
}

/** @throws TypeError when it is not an object of services */
export function requireStacks(
  owner: string,
  stacks: Readonly<Record<string, AnyService>> = {},
): readonly (readonly [string, AnyService])[] {
  requireObject(owner, "stacks", stacks);
  let entries: [string, AnyService][];
  try {
    entries = Object.entries(stacks);
  } catch (cause) {
    // A getter, or a proxy.
    throw new TypeError(`${owner}: stacks could not be read; received ${show(stacks)}`, { cause });
  }
  for (const [stack, service] of entries) requireService(owner, `stacks[${show(stack)}]`, service);
  return entries;
}
