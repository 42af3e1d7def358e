import type { AnyLayer, AnyService, Kind, Layer, Mismatch, RequestOf, Service } from "@sluice/core";
import { requireMethods, requireService } from "@sluice/core/kit";

/** A service of which only its requests, responses and failures are known. */
export type BoxService<Req, Res, Err = unknown> = Service<Req, Res, Err>;

/**
 * Erases what a service is made of from its type, so that differing ones fit one table. Responses and failures may become
 * wider on the way, as the place where the box goes asks for.
 *
 * It is a type and nothing else: the service itself is returned. A stack is one class behind three methods already, so a
 * wrapper would cost each call something and hide nothing more; and a stack on top of the box still learns that a
 * layer in it holds state, and is refused when the same stands there twice.
 *
 * @example
 * const routes = new Map<string, BoxService<string, number, OverloadedError>>([
 *   ["quick", boxed(quick)],
 *   ["slow", boxed(slow)],
 * ]);
 *
 * @throws TypeError when `service` is no service
 */
export function boxed<Req, Res, Err>(service: Service<Req, Res, Err>): BoxService<Req, Res, Err> {
  requireService("boxed", "service", service);
  return service;
}

/** What a {@link BoxLayer} does to types: it fits around one type of service, and makes one other of it. */
export interface Boxes<In extends AnyService, Out extends AnyService> extends Kind {
  readonly "~asks"?: RequestOf<In>;
  readonly "~outer": [this["~inner"]] extends [In]
    ? Out
    : Mismatch<"boxLayer fits one type of service, and the service inside is of another", In, this["~inner"]>;
}

/** A layer of which only the services inside and outside are known. */
export type BoxLayer<In extends AnyService, Out extends AnyService = In> = Layer<Boxes<In, Out>>;

/** A layer as one between services of two types. */
interface Wraps<In extends AnyService, Out extends AnyService> {
  readonly name: string;
  readonly state?: object | string | undefined;
  wrap(inner: In): Out;
}

/**
 * Erases what a layer does to services in general: what is left is that it makes an `Out` of an `In`. So differing layers fit
 * one list, or one option. It is the layer itself, with its name and its state.
 *
 * @example
 * type Inner = BoxService<string, number, never>;
 * type Outer = BoxService<string, number, OverloadedError>;
 * const guards: BoxLayer<Inner, Outer>[] = [boxLayer(loadShed()), boxLayer(concurrencyLimit(8))];
 *
 * @throws TypeError when `layer` is no layer
 */
export function boxLayer<In extends AnyService, Out extends AnyService = In>(
  layer: Wraps<NoInfer<In>, NoInfer<Out>>,
): BoxLayer<In, Out> {
  requireMethods("boxLayer", "layer", layer, "a layer", ["wrap"]);
  return layer as AnyLayer;
}
