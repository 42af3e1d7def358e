import type { ApplyAll, AskedOf, Fits, Kind } from "../contract/kind.ts";
import type { AnyLayer, KindOfOptional } from "../contract/layer.ts";
import type { AnyService, HandlerOptions, Service } from "../contract/service.ts";
import { readOption, requireMethods, requireName, requireService } from "../kit/check.ts";
import { type Raises, serviceFn } from "./service-fn.ts";

/**
 * Stacks layers: **the first is the outermost**, and a request passes them from top to bottom. A value: each `layer`
 * returns another builder, and one builder may make many services.
 *
 * @example
 * const lookup = new ServiceBuilder()
 *   .layer(loadShed())
 *   .layer(concurrencyLimit(64))
 *   .layer(timeout(100))
 *   .serviceFn(async (name: string) => name.length);
 */
export class ServiceBuilder<Ks extends readonly Kind[] = []> {
  /** Carries the layers' kinds in the types; never there at run time. */
  declare readonly "~kinds"?: Ks;
  private readonly layers: readonly AnyLayer[];

  constructor();
  /** @internal */
  constructor(layers?: readonly AnyLayer[]);
  constructor(layers: readonly AnyLayer[] = []) {
    this.layers = layers;
  }

  /**
   * This stack with one more layer, inside those that are there. `undefined` adds none.
   *
   * @throws TypeError when it is not a layer, or there are several
   */
  layer<const L extends AnyLayer | undefined>(layer: L): ServiceBuilder<[...Ks, KindOfOptional<L>]>;
  layer(layer: AnyLayer | undefined, ...more: readonly unknown[]): ServiceBuilder<any> {
    if (more.length > 0) {
      throw new TypeError(
        `ServiceBuilder: layer must be one layer, in a call for each; received ${more.length + 1} at once`,
      );
    }
    if (layer === undefined) return builderOf(this.layers);
    requireMethods("ServiceBuilder", "layer", layer, "a layer", ["wrap"]);
    requireName("ServiceBuilder", readOption("ServiceBuilder", layer, "name", "layer.name"), "layer.name");
    return builderOf([...this.layers, layer]);
  }

  /**
   * The layers around `inner`. Layers that do not fit do not compile: the error names what was asked for and what was
   * given.
   *
   * @throws TypeError when `inner` is no service, or when a layer that holds state stands in the stack twice, here or
   *   in `inner`: a caller would wait for itself
   */
  service<S extends AnyService>(inner: S & Fits<ApplyAll<Ks, S>>): ApplyAll<Ks, S> {
    requireService("ServiceBuilder", "service", inner);
    const service = this.layers.reduceRight<AnyService>((built, layer) => layer.wrap(built as never), inner);
    return service as ApplyAll<Ks, S>;
  }

  /**
   * As {@link service}, around a service from a function: see {@link serviceFn}.
   *
   * @typeParam Answer what the function returns, a promise where it is async
   */
  serviceFn<Req = AskedOf<Ks>, Answer = unknown, Err = never>(
    // The fit is asked of what the handler returns, and not of the handler: a parameter of an intersection has no contextual
    // type, so `{ signal }` would be of no type and the response unknown.
    handler: (
      request: Req,
      options: HandlerOptions,
    ) => Answer & NoInfer<Fits<ApplyAll<Ks, Service<Req, Awaited<Answer>, Err>>>>,
    failures?: Raises<Err>,
  ): ApplyAll<Ks, Service<Req, Awaited<Answer>, Err>> {
    return this.service<any>(serviceFn(handler, failures)) as ApplyAll<Ks, Service<Req, Awaited<Answer>, Err>>;
  }

  /** The layers' names, outermost first: the names of the functions that make them. */
  describe(): readonly string[] {
    return this.layers.map(({ name }) => name);
  }
}

/** Beside the class: one that names itself in its own body comes out of the bundler with an underscore before its name. */
function builderOf<Ks extends readonly Kind[]>(layers: readonly AnyLayer[]): ServiceBuilder<Ks> {
  return new ServiceBuilder<Ks>(layers);
}
