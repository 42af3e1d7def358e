import type { Clock } from "@sluice/core";

/** What all parts of a soak share. */
export interface Load {
  readonly clock: Clock;
  /** Numbers in [0, 1), the same ones for the same seed. */
  readonly random: () => number;
  /** By how much all times are multiplied. */
  readonly pace: number;
  /** How many milliseconds a clock may read later than it was read in the same turn. */
  readonly tolerance: number;
  /** What should not have been, and how often. */
  readonly faults: Map<string, number>;
}

export function fault({ faults }: Load, what: string): void {
  faults.set(what, (faults.get(what) ?? 0) + 1);
}

/** Park and Miller's generator. */
export function generator(seed: number): () => number {
  let state = (Math.abs(seed) % 2_147_483_646) + 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return (state - 1) / 2_147_483_646;
  };
}

/** `clock`, with a count of the timers that are armed by way of it. */
export function counting(clock: Clock): { readonly clock: Clock; readonly armed: () => number } {
  const armed = new Set<unknown>();
  return {
    armed: () => armed.size,
    clock: {
      now: () => clock.now(),
      setTimeout(run, ms) {
        const handle = clock.setTimeout(() => {
          armed.delete(handle);
          run();
        }, ms);
        armed.add(handle);
        return handle;
      },
      clearTimeout(handle) {
        armed.delete(handle);
        clock.clearTimeout(handle);
      },
    },
  };
}
