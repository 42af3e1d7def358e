import type { Notes } from "@sluice/core/internal";
import { LinkedNode } from "@sluice/core/kit";

/** A call that was let in, and has not ended. It is used again for other calls. */
export class CircuitCall extends LinkedNode<CircuitCall> implements Notes {
  /** The era in which it was let in. */
  era = 0;
  /** When something was heard of it last: it was let in, or it began. */
  since = 0;
  /** Where the window has counted it as slow, while it was in flight. */
  mark: number | undefined = undefined;
  /** What it is spent on, where somebody wants to know. */
  request: unknown = undefined;
  /** The caller's. */
  signal: AbortSignal | undefined = undefined;

  forget(): void {
    this.mark = this.request = this.signal = undefined;
  }
}
