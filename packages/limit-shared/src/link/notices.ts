import { events, OverloadedError } from "@sluice/core";
import { StoreDownError } from "../store-down-error.ts";
import type { Member, StoreState } from "./member.ts";

/** The events and the refusals of a shared limit. */
export class Notices {
  readonly layer: string;
  private readonly label: string | undefined;
  private readonly source: object;

  /** @param source the gate */
  constructor(layer: string, label: string | undefined, source: object) {
    this.layer = layer;
    this.label = label;
    this.source = source;
  }

  /** Emits an event. `more` is called only where there is a listener. */
  tell(type: string, more: () => Readonly<Record<string, unknown>>): void {
    if (!events.listening) return;
    const { layer, label, source } = this;
    events.emit({ type, layer, label, source, ...more() });
  }

  /** The store stops answering, or answers again. */
  state(from: StoreState, to: StoreState, cause: unknown): void {
    this.tell("state", () => ({ from, to, cause }));
  }

  /** Another member uses other options. Announced once for a member: the store reports it with each answer. */
  conflict(member: Member, ours: object, theirs: object | undefined): void {
    if (theirs === undefined || member.disagreed || !events.listening) return;
    member.disagreed = true;
    this.tell("conflict", () => ({ ours, theirs }));
  }

  overloaded(reason: string, retryAfter?: number): OverloadedError {
    return new OverloadedError(this.layer, { reason, label: this.label, retryAfter });
  }

  storeDown({ cause, probeAt }: Member, now: number): StoreDownError {
    return new StoreDownError(this.layer, { label: this.label, retryAfter: Math.max(0, probeAt - now), cause });
  }
}
