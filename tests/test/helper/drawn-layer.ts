import { type Draw, type DrawnLayer, everyLayer, type LayerShape } from "@sluice/test-kit";
import type { VirtualClock } from "@sluice/testing";

/** What is drawn of a layer: its kind, and numbers that mean what the kind makes of them. */
export interface LayerDraw extends Draw {
  readonly kind: string;
}

/** Each kind of layer that there is, in each of its shapes. */
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
