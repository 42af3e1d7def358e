import { type AnyService, partsOf } from "@sluice/core";
import { type LayerSum, layerSums } from "./instruments.ts";
import type { Attributes } from "./metric-data.ts";

/** What something in a stack counts of itself. */
interface Counting {
  /** Where it is, as `@sluice/describe` says: `"n"`, `"ni"` inside that, `"nii_0"` its first branch. */
  readonly id: string;
  readonly layer: string;
  /** What has the numbers. */
  readonly counting: object;
}

/** The numbers that the layers of a service count themselves, each with the attributes of its series. */
export function* layerFigures(
  stack: string,
  service: AnyService,
): IterableIterator<readonly [sum: LayerSum, attributes: Attributes, value: number]> {
  for (const { id, layer, counting } of partsWithin(service, "n", [])) {
    const attributes = { "sluice.stack.name": stack, "sluice.layer": layer, "sluice.layer.id": id };
    for (const sum of layerSums) {
      const value = (counting as Readonly<Record<string, unknown>>)[sum.member];
      if (typeof value === "number" && Number.isFinite(value)) yield [sum, attributes, value * sum.factor];
    }
  }
}

/** Outermost first. A service that is inside itself is entered once. */
function* partsWithin(service: AnyService, id: string, around: readonly AnyService[]): IterableIterator<Counting> {
  const parts = partsOf(service);
  if (parts === undefined || around.includes(service)) return;
  const outside = [...around, service];
  if ("layer" in parts) {
    yield { id, layer: parts.layer.name, counting: parts.layer };
    yield* partsWithin(parts.inner, `${id}i`, outside);
    return;
  }
  yield { id, layer: parts.name, counting: parts.counting ?? service };
  let index = 0;
  for (const [, branch] of parts.branches()) yield* partsWithin(branch, `${id}_${index++}`, outside);
}
