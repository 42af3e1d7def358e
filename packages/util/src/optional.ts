import { type AnyLayer, type Either, identity, type Keeps, type KindOf, type Layer } from "@sluice/core";
import { requireMethods } from "@sluice/core/kit";

/** What a layer that may not be there does to types. */
type KindOfOptional<L> = [L] extends [undefined]
  ? Keeps
  : undefined extends L
    ? Either<KindOf<Exclude<L, undefined>>, Keeps>
    : KindOf<L>;

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
