import { type AnyLayer, type AnyService, layerFn, type Permit, type Service } from "@sluice/core";

/** The layers around `inner`, the first outermost: for tests with a list of layers, without their types. */
export function stacked(layers: readonly AnyLayer[], inner: AnyService): Service<string, string> {
  return layers.reduceRight<AnyService>((built, layer) => layer.wrap(built as never), inner) as Service<string, string>;
}

/** A permit of `service`, which must have one. */
export function permitOf<Req, Res, Err>(
  service: Service<Req, Res, Err>,
  request?: NoInfer<Req>,
): Permit<Req, Res, Err> {
  const permit = service.tryReady(request);
  if (permit === undefined) throw new Error("The service is not ready.");
  return permit;
}

/** Several layers as one, the first outermost. */
export function stackedLayer(layers: readonly AnyLayer[]): AnyLayer {
  return layerFn("stack", (inner) => stacked(layers, inner) as never);
}
