import type { Parts } from "../contract/parts.ts";
import type { AnyService } from "../contract/service.ts";
import { requireObject, requireService } from "../kit/check.ts";
import { processWide } from "../kit/process-wide.ts";

const parts = processWide("parts", new WeakMap<object, Parts>());

/**
 * The way back from a service to what it is made of, of whichever copy of this package: a layer and the service inside it; the
 * branches of a routing table; or a function, which has none. Undefined for a service of another make. Asks for no permit.
 *
 * @example
 * for (let made = partsOf(service); made !== undefined && "layer" in made; made = partsOf(made.inner)) {
 *   console.log(made.layer.name);
 * }
 */
export function partsOf(service: AnyService): Parts | undefined {
  return parts.get(service);
}

/**
 * Says what `service` is made of, for {@link partsOf}, and returns it. Layers made by `layerFn`, `middleware` and `gate` do so by
 * themselves; this is for what combines several services.
 *
 * @throws TypeError when `service` is not a service or `made` is not an object
 */
export function madeOf<S extends AnyService>(service: S, made: Parts): S {
  requireService("madeOf", "service", service);
  requireObject("madeOf", "parts", made);
  parts.set(service, made);
  return service;
}
