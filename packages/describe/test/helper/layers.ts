import { type About, type AnyLayer, type AnyService, gate, type Layer, middleware, Semaphore } from "@sluice/core";

/** A layer that says so of itself, and does nothing. */
export function saying(name: string, traits: readonly string[], facts: About["facts"] = {}): Layer {
  return middleware(name, (request, next, options) => next(request, options), { traits, facts });
}

/** A gate that says nothing of itself. */
export function silent(): AnyLayer {
  return gate(new Semaphore(1), { name: "silent" });
}

/** The first layer is the outermost. */
export function stacked(layers: readonly AnyLayer[], leaf: AnyService): AnyService {
  return layers.reduceRight<AnyService>((inner, layer) => layer.wrap(inner) as AnyService, leaf);
}
