import { type CallOptions, OverloadedError, takeRefusal } from "@sluice/core";
import type { Stack } from "@sluice/core/internal";

/** Who exchanges: the layer, as its refusals name it. */
export interface Owner {
  readonly name: string;
  readonly label: string | undefined;
}

/**
 * Calls with a permit that held something for another key, and holds nothing any more: `stack` is tried once, for a permit that is spent
 * does not wait. Never throws.
 */
export function exchange(
  owner: Owner,
  stack: Stack,
  request: unknown,
  options: CallOptions,
  edge: boolean,
): Promise<unknown> {
  try {
    takeRefusal();
    const reservation = stack.tryReserve(request);
    if (reservation !== undefined) return reservation.start(request, options, edge);
    const refusal = takeRefusal();
    return Promise.reject(
      refusal === undefined
        ? new OverloadedError(owner.name, { label: owner.label })
        : new OverloadedError(refusal.layer, refusal),
    );
  } catch (error) {
    return Promise.reject(error);
  }
}
