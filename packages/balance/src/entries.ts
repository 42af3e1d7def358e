import type { AnyService } from "@sluice/core";
import { show } from "@sluice/core/kit";
import { type EndpointEntry, layerName } from "./options.ts";

/**
 * The endpoints that were given; undefined where they come one after the other, from an async iterable.
 *
 * @throws TypeError when they are neither, or an entry has no key and service
 */
export function readEntries(endpoints: unknown): readonly EndpointEntry<AnyService>[] | undefined {
  const wanted = "entries [key, service], a Map, or an async iterable of updates";
  const wrong = (cause?: unknown): TypeError =>
    new TypeError(`${layerName}: endpoints must be ${wanted}; received ${show(endpoints)}`, { cause });
  if (Object(endpoints) !== endpoints) throw wrong();
  try {
    const given = endpoints as Partial<AsyncIterable<unknown> & Iterable<EndpointEntry<AnyService>>>;
    if (typeof given[Symbol.asyncIterator] === "function") return undefined;
    return [...(given as Iterable<EndpointEntry<AnyService>>)].map(([key, service, options]) => [
      key,
      service,
      options,
    ]);
  } catch (cause) {
    throw wrong(cause);
  }
}
