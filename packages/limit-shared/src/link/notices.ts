import { events, OverloadedError } from "@sluice/core";
import { StoreDownError } from "../store-down-error.ts";
import type { StoreState } from "./store-link.ts";

/** Who gives notice. */
export interface Notifier {
  /** The name of the layer. */
  readonly layer: string;
  readonly label: string | undefined;
  /** The gate. */
  readonly source: object;
}

/** What a shared limit announces, and what it refuses with. */
export class Notices {
  private readonly by: Notifier;
  private disagreed = false;

  constructor(by: Notifier) {
    this.by = by;
  }

  /** Something happened. `more` is asked for where somebody listens. */
  tell(type: string, more: () => Readonly<Record<string, unknown>>): void {
    if (!events.listening) return;
    const { layer, label, source } = this.by;
    events.emit({ type, layer, label, source, ...more() });
  }

  /** The store stops answering, or answers again. */
  state(from: StoreState, to: StoreState, cause: unknown): void {
    this.tell("state", () => ({ from, to, cause }));
  }

  /** Another member says something else. Told once: where members disagree, they do so in each answer. */
  conflict(ours: object, theirs: object | undefined): void {
    if (theirs === undefined || this.disagreed || !events.listening) return;
    this.disagreed = true;
    this.tell("conflict", () => ({ ours, theirs }));
  }

  overloaded(reason: string, retryAfter?: number): OverloadedError {
    const { layer, label } = this.by;
    return new OverloadedError(layer, { reason, label, retryAfter });
  }

  storeDown({ cause, probeAt }: { readonly cause: unknown; readonly probeAt: number }, now: number): StoreDownError {
    const { layer, label } = this.by;
    return new StoreDownError(layer, { label, retryAfter: Math.max(0, probeAt - now), cause });
  }
}
