import { type Layer, layerFn } from "@sluice/core";
import { routingTable } from "@sluice/util-box";

/** A routing table as a layer: whatever is inside is its one route. */
export function routed(): Layer {
  return layerFn("routed", (inner) => routingTable({ key: () => "only", routes: new Map([["only", inner]]) }));
}
