import type { Clock } from "@sluice/core";

/** The state that all parts of a soak share. */
export interface Load {
  readonly clock: Clock;
  /** Numbers in [0, 1), the same ones for the same seed. */
  readonly random: () => number;
  /** The factor of all times. */
  readonly pace: number;
  /** By how many milliseconds two readings of the clock in one turn may differ. */
  readonly tolerance: number;
  /** Broken conditions, and how often. */
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

/** `clock`, with a count of its armed timers. */
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
