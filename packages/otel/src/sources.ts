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
  let iterable = false;
  try {
    iterable = typeof meters[Symbol.iterator] === "function";
  } catch {
    // Null, or a getter that throws.
  }
  if (iterable) return () => meters;
  throw new TypeError(`${owner}: meters must be an iterable of meters, or a function; received ${show(meters)}`);
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
