import type { Refusal, RefusalError, RefusalOptions } from "../contract/refusal.ts";
import { isBrandedRefusal } from "../kit/brand.ts";
import { processWide } from "../kit/process-wide.ts";

/*
 * `tryReady` returns undefined and nothing else, so the reason is left beside it: written synchronously by the layer
 * that refuses, read synchronously by the layer that reports, of whichever copy of this package.
 */
const slot = processWide<{ last?: Refusal | undefined }>("refusal", {});

/**
 * Says who refuses, just before `tryReady` returns undefined: `return refuse("myLimit", { retryAfter: 250 })`.
 *
 * @param layer the name of the refusing layer
 */
export function refuse(layer: string, options: RefusalOptions = {}): undefined {
  const { label, reason = "capacity", retryAfter } = options;
  leaveRefusal({ layer, label, reason, retryAfter });
}

/** As {@link refuse}, with the refusal as it is. */
export function leaveRefusal(refusal: Refusal): undefined {
  slot.last = refusal;
}

/**
 * Who refused, and for how long: what was left behind since it was last taken. Right after a `tryReady` that returned
 * undefined, it is that one's refusal; undefined where a service of another make says nothing.
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

/** As {@link takeRefusal}, and leaves it in place: for observers. */
export function peekRefusal(): Refusal | undefined {
  return slot.last;
}

/**
 * Whether `error` is a refusal of a layer of ours, of whichever copy: nothing was tried, so that trying elsewhere or later is
 * safe. `OverloadedError`, `BufferClosedError`, `CircuitOpenError` are refusals. Never throws.
 */
export function isRefusal(error: unknown): error is RefusalError {
  return isBrandedRefusal(error);
}
