import { systemClock } from "@sluice/core";
import type { VirtualClock } from "../../clock/virtual-clock.ts";

/** Globals that a layer must not use: it has a clock for time, and `AbortSignal.any` leaves listeners behind. */
const forbidden: readonly (readonly [owner: string | undefined, name: string])[] = [
  [undefined, "setTimeout"],
  [undefined, "setInterval"],
  [undefined, "setImmediate"],
  ["Date", "now"],
  ["performance", "now"],
  ["AbortSignal", "timeout"],
  ["AbortSignal", "any"],
];

/**
 * Replaces globals from `start` to `stop`, to see which are used instead of the clock. Meanwhile `systemClock` is virtual, so that layers
 * without a clock option are driven like the others, and `Math.random` is a sequence that its seed repeats.
 */
export class TimeWatch {
  /** The forbidden globals that were used: `"performance.now"`. */
  readonly touched: Set<string> = new Set();
  /** Whether a timer was set on `systemClock`. */
  systemTimers = false;
  private readonly clock: VirtualClock;
  private before: readonly string[] = [];
  private readonly undo: (() => void)[] = [];

  constructor(clock: VirtualClock) {
    this.clock = clock;
  }

  start(seed: number): void {
    const { clock } = this;
    this.before = activeResources();
    for (const [owner, name] of forbidden) this.watch(owner, name);
    this.replace(systemClock, "now", () => clock.now());
    this.replace(systemClock, "setTimeout", (run: () => void, ms: number) => {
      this.systemTimers = true;
      return clock.setTimeout(run, ms);
    });
    this.replace(systemClock, "clearTimeout", (handle: unknown) => {
      clock.clearTimeout(handle);
    });
    this.replace(systemClock, "unref", (handle: unknown) => {
      clock.unref(handle);
    });
    this.replace(Math, "random", randomFrom(seed));
  }

  stop(): void {
    for (const undo of this.undo.splice(0).reverse()) undo();
  }

  /**
   * The resources that keep the process alive and did not at the start. Only microtasks may have run since then; otherwise timers of other
   * code look like the layer's.
   */
  keptAlive(): readonly string[] {
    const before = [...this.before];
    return activeResources().filter((resource) => {
      const at = before.indexOf(resource);
      if (at >= 0) before.splice(at, 1);
      return at < 0;
    });
  }

  private watch(owner: string | undefined, name: string): void {
    const holder = owner === undefined ? globalThis : Reflect.get(globalThis, owner);
    const original: unknown = holder && Reflect.get(holder, name);
    // Not every platform has all of them.
    if (typeof original !== "function") return;
    const full = owner === undefined ? name : `${owner}.${name}`;
    const { touched } = this;
    this.replace(holder, name, function watched(this: unknown, ...args: unknown[]): unknown {
      touched.add(full);
      return Reflect.apply(original, this, args);
    });
  }

  private replace(holder: object, name: string, value: unknown): void {
    const before = Object.getOwnPropertyDescriptor(holder, name);
    Object.defineProperty(holder, name, { value, configurable: true, writable: true });
    this.undo.push(() => {
      if (before === undefined) Reflect.deleteProperty(holder, name);
      else Object.defineProperty(holder, name, before);
    });
  }
}

/** What keeps the process alive, in Node.js; elsewhere nothing. */
function activeResources(): readonly string[] {
  const { process } = globalThis as { readonly process?: { readonly getActiveResourcesInfo?: () => string[] } };
  return process?.getActiveResourcesInfo?.() ?? [];
}

/** Numbers from 0 to 1, the same for the same seed: mulberry32, by Tommy Ettinger (public domain). */
function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
