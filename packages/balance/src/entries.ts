import type { AnyService } from "@sluice/core";
import { show } from "@sluice/core/kit";
import { type EndpointEntry, layerName } from "./options.ts";

/**
 * The entries of the option `endpoints`; undefined where it is an async iterable.
 *
 * @throws TypeError when it is neither, or an entry is not a list of key and service
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
