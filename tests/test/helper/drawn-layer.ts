import { type Draw, type DrawnLayer, everyLayer, type LayerShape } from "@sluice/test-kit";
import type { VirtualClock } from "@sluice/testing";

/** A random layer: its kind, and numbers that the kind interprets. */
export interface LayerDraw extends Draw {
  readonly kind: string;
}

/** Every kind of layer, in each of its shapes. */
export const kinds: ReadonlyMap<string, LayerShape> = new Map(
  [...(await everyLayer())].filter(([, { drawn }]) => drawn !== undefined),
);

export function drawnLayer({ kind, ...draw }: LayerDraw, clock: VirtualClock): DrawnLayer {
  return kinds.get(kind)!.drawn!(draw, clock);
}

/** Whether a layer of this kind does so. */
export function does(draw: LayerDraw, trait: "answers" | "joins" | "defers" | "repeats" | "opaque"): boolean {
  return Boolean(kinds.get(draw.kind)?.[trait]);
}
