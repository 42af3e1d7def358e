import type { AnyService } from "@sluice/core";
import { readOption, show } from "@sluice/core/kit";
import { type EndpointEntry, layerName } from "./options.ts";

/**
 * The endpoints that were given; undefined where they come one after the other, from an async iterable.
 *
 * @throws TypeError when they are neither, or an entry has no key and service
 */
export function readEntries(endpoints: unknown): readonly EndpointEntry<AnyService>[] | undefined {
  const wanted = "entries [key, service], a Map, or an async iterable of updates";
  if (Object(endpoints) !== endpoints) {
    throw new TypeError(`${layerName}: endpoints must be ${wanted}; received ${show(endpoints)}`);
  }
  const holder = endpoints as object;
  const asked = (name: symbol): boolean =>
    typeof readOption(layerName, holder, name as never, "endpoints") === "function";
  if (asked(Symbol.asyncIterator)) return undefined;
  if (!asked(Symbol.iterator) || typeof endpoints === "string") {
    throw new TypeError(`${layerName}: endpoints must be ${wanted}; received ${show(endpoints)}`);
  }
  try {
    return [...(endpoints as Iterable<EndpointEntry<AnyService>>)].map(([key, service, options]) => [
      key,
      service,
      options,
    ]);
  } catch (cause) {
    throw new TypeError(`${layerName}: endpoints must be ${wanted}; received ${show(endpoints)}`, { cause });
  }
}
