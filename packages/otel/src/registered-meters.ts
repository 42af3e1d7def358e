import { processWide } from "@sluice/core/kit";
import type { CountingMeter } from "./metered.ts";

/** Where each copy of `@sluice/meter` enters its meters. */
const registry = processWide("meters", new Set<WeakRef<CountingMeter>>());

/** All meters of this process, in the order in which they were made. */
export function* registeredMeters(): IterableIterator<CountingMeter> {
  for (const entry of registry) {
    const meter = entry.deref();
    /* v8 ignore next -- collected, and its entry is not yet removed: nobody can tell when that is */
    if (meter !== undefined) yield meter;
  }
}
