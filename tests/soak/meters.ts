import type { ConcurrencyLimit } from "@sluice/limit";
import { fault, type Load } from "./load.ts";

/** Counts the work beside a layer, and reports when the layer admits more than it promises. */
export interface Meter {
  start(): void;
  /** The work and its registered work have settled. The layer is notified later. */
  end(): void;
}

/** Never more work than `limit.max`; and the limit counts all of it, also abandoned work. */
export function slotMeter(load: Load, name: string, limit: ConcurrencyLimit): Meter {
  let running = 0;
  const look = (): void => {
    if (running > limit.max) fault(load, `${name}: ${running} run, ${limit.max} may`);
    if (limit.active < running) fault(load, `${name}: a slot was given back while its work ran`);
    if (limit.active > limit.max) fault(load, `${name}: more slots are held than there are`);
  };
  return {
    start() {
      running++;
      look();
    },
    end() {
      look();
      running--;
    },
  };
}

/** Never more than `most` starts in any span of `interval`. */
export function windowMeter(load: Load, name: string, most: number, interval: number): Meter {
  const starts: number[] = [];
  return {
    start() {
      const now = load.clock.now();
      if (starts.length === most && now - starts.shift()! < interval - load.tolerance) {
        fault(load, `${name}: more than ${most} starts in ${interval} ms`);
      }
      starts.push(now);
    },
    end() {},
  };
}

/** At most `burst + most * t / interval` starts in any time t. */
export function bucketMeter(load: Load, name: string, burst: number, most: number, interval: number): Meter {
  let level = burst;
  let since = load.clock.now();
  return {
    start() {
      const now = load.clock.now();
      level = Math.min(burst, level + ((now - since) * most) / interval) - 1;
      since = now;
      if (level < -(load.tolerance * most) / interval) fault(load, `${name}: more starts than it has tokens`);
    },
    end() {},
  };
}
