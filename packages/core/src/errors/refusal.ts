import { processWide } from "../kit/process-wide.ts";

/** Who refused last, and for how long. */
export interface Refusal {
  readonly layer: string;
  readonly retryAfter: number | undefined;
}

/*
 * `tryReady` answers undefined and nothing else, so the reason is left beside it: written synchronously by the layer
 * that refuses, read synchronously by the layer that reports, of whichever copy of this package.
 */
const slot = processWide<{ last?: Refusal | undefined }>("refusal", {});

/**
 * Says who refuses, just before `tryReady` answers undefined: `return refuse("myLimit", 250)`.
 *
 * @param layer the name of the refusing layer
 * @param retryAfter in how many milliseconds asking again may succeed, where that is known
 */
export function refuse(layer: string, retryAfter?: number): undefined {
  slot.last = { layer, retryAfter };
}

/**
 * Who refused, and for how long: what was left behind since the last time somebody took it. Right after a `tryReady` that
 * answered undefined, it is that one's refusal; undefined where a service of another's making says nothing.
 *
 * @example
 * const permit = service.tryReady(request);
 * if (permit === undefined) answer(503, { "retry-after": Math.ceil((takeRefusal()?.retryAfter ?? 1_000) / 1_000) });
 */
export function takeRefusal(): Refusal | undefined {
  const { last } = slot;
  slot.last = undefined;
  return last;
}
