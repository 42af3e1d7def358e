import { processWide } from "@sluice/core/kit";
import type { Meter } from "./meter.ts";

/**
 * Held weakly: a meter lives as long as it is referenced, or a service that it counts for is. Exporters, which do not import this package,
 * find it by this name.
 */
const registry = processWide("meters", new Set<Entry>());

type Entry = Pick<WeakRef<Meter>, "deref">;

/** Older Workers have no weak references: there a meter is listed for as long as the process lives. */
const collected =
  typeof FinalizationRegistry === "undefined"
    ? undefined
    : new FinalizationRegistry<Entry>((entry) => {
        registry.delete(entry);
      });

/** Enters a meter for {@link meters}. */
export function register(meter: Meter): void {
  const entry = collected === undefined ? { deref: () => meter } : new WeakRef(meter);
  registry.add(entry);
  collected?.register(meter, entry);
}

/**
 * All meters of this process, of whichever copy of this package, in the order in which they were made. They are held weakly: a meter
 * that is no longer referenced, and whose services are not either, is collected and no longer listed. Where the platform has no `WeakRef`,
 * it stays listed.
 *
 * @example
 * for (const meter of meters()) console.log(JSON.stringify(meter.snapshot()));
 */
export function* meters(): IterableIterator<Meter> {
  for (const entry of registry) {
    const meter = entry.deref();
    /* v8 ignore next -- collected, and its entry is not yet removed: nobody can tell when that is */
    if (meter !== undefined) yield meter;
  }
}
