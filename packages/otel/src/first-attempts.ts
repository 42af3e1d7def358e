import type { SpanContext } from "@opentelemetry/api";

/** The first attempts of one layer, by the span that they are made in: a hedge links to the one that was slow. */
export class FirstAttempts {
  /** Null where there were several: they are of different calls, and nobody knows which one is hedged. */
  private readonly byParent = new WeakMap<SpanContext, SpanContext | null>();

  add(parent: SpanContext | undefined, attempt: SpanContext): void {
    if (parent !== undefined) this.byParent.set(parent, this.byParent.has(parent) ? null : attempt);
  }

  /** The only one that was made in `parent`. */
  in(parent: SpanContext | undefined): SpanContext | undefined {
    return parent === undefined ? undefined : (this.byParent.get(parent) ?? undefined);
  }
}
