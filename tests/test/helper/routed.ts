import { type Layer, layerFn } from "@sluice/core";
import { routingTable } from "@sluice/util-box";

/** A routing table as a layer: the service inside is its only route. */
export function routed(): Layer {
  return layerFn("routed", (inner) => routingTable({ key: () => "only", routes: new Map([["only", inner]]) }));
}
