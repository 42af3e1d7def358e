import { type AnyLayer, identity, type KindOfOptional, type Layer } from "@sluice/core";
import { requireMethods } from "@sluice/core/kit";

/**
 * The layer that was given, itself, or one that does nothing: for places that ask for a layer. (`ServiceBuilder.layer`
 * takes `undefined` as it is.)
 *
 * @example
 * const traced = optional(logger && trace({ logger })).wrap(service);
 *
 * @throws TypeError when `layer` is neither a layer nor undefined
 */
export function optional<L extends AnyLayer | undefined>(layer: L): Layer<KindOfOptional<L>> {
  if (layer === undefined) return identity() as AnyLayer;
  requireMethods("optional", "layer", layer, "a layer or undefined", ["wrap"]);
  return layer;
}
