import { type AnyLayer, type AnyService, Semaphore, type Service } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { VirtualClock } from "@sluice/testing";
import { stacked } from "./stacked.ts";

/** Layers between two limits of 1, so that any lost permit shows. */
export interface GuardedStack {
  readonly clock: VirtualClock;
  readonly service: Service<unknown, unknown>;
  /** Holds the outer limit, so that callers wait. */
  block(): () => void;
  /** The values that differ from the beginning, by name. Time passes first, so that timeouts happen. */
  left(): Promise<readonly string[]>;
}

const counters = ["active", "waiting", "queued", "running", "available", "abandoned"] as const;

export function guardedStack(makers: readonly ((clock: VirtualClock) => AnyLayer)[], leaf: AnyService): GuardedStack {
  const clock = new VirtualClock();
  const slot = new Semaphore(1, { clock });
  const layers = [concurrencyLimit(slot), ...makers.map((make) => make(clock)), concurrencyLimit(1, { clock })];
  const service = stacked(layers, leaf) as Service<unknown, unknown>;
  const counted = (): readonly string[] =>
    layers.flatMap((layer, index) =>
      counters.flatMap((counter) => {
        const count: unknown = Reflect.get(layer, counter);
        return count === undefined ? [] : [`${counter} of ${index} ${layer.name}: ${count as number}`];
      }),
    );
  const atFirst = counted();
  return {
    clock,
    service,
    block() {
      const lease = slot.tryAcquire();
      return () => {
        lease?.cancel();
      };
    },
    async left() {
      await clock.advance(60_000);
      const armed = clock.pending === 0 ? [] : [`timers armed: ${clock.pending}`];
      return [...counted().filter((count) => !atFirst.includes(count)), ...armed];
    },
  };
}

/** The faults of `go`, named by `what`. It must not throw, and all values must be as before. */
export async function faultsOf(
  what: string,
  stack: GuardedStack,
  go: () => Promise<string | undefined>,
): Promise<string[]> {
  let fault: string | undefined;
  try {
    fault = await go();
  } catch (error) {
    fault = `threw ${error instanceof Error ? error.message : typeof error}`;
  }
  const left = await stack.left();
  return [...(fault === undefined ? [] : [fault]), ...left].map((each) => `${what}: ${each}`);
}
