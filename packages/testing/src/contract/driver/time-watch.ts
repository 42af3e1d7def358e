import { systemClock } from "@sluice/core";
import type { VirtualClock } from "../../clock/virtual-clock.ts";

/** What a layer must not touch: it has a clock, and signals of its own leave listeners behind. */
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
 * Watches, from `start` to `stop`, whether somebody goes past the clock. In between the system's clock shows virtual time, so that layers
 * that were given none are driven like the others, and `Math.random` is a sequence that its seed repeats.
 */
export class TimeWatch {
  /** What was touched that must not be: `"performance.now"`. */
  readonly touched: Set<string> = new Set();
  /** Whether a timer was set on the system's clock. */
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
    this.replace(Math, "random", randomFrom(seed));
  }

  stop(): void {
    for (const undo of this.undo.splice(0).reverse()) undo();
  }

  /**
   * What keeps the process alive and did not at the start. Between the two no other code may run than that of microtasks, or others'
   * timers look as if they were the layer's.
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

/** Where the platform tells: in Node.js. */
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
