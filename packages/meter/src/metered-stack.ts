import { passageNumber, peekRefusal, type Stack } from "@sluice/core/internal";
import type { Counts } from "./counts.ts";
import { MeteredCall } from "./metered-call.ts";
import { MeteredWait } from "./metered-wait.ts";

/** `inner`, counted. */
export function metered(inner: Stack, counts: Counts): Stack {
  const refusals = new Refusals(counts);
  return {
    tryReserve(request) {
      if (!counts.enabled) return inner.tryReserve(request);
      const before = peekRefusal();
      let reservation;
      try {
        reservation = inner.tryReserve(request);
      } catch (reason) {
        counts.unready.add(undefined, reason);
        throw reason;
      }
      if (reservation !== undefined) return new MeteredCall(counts, reservation);
      const refusal = peekRefusal();
      // What is still there from before was left by somebody else.
      refusals.add(refusal === before ? undefined : refusal?.layer);
      return undefined;
    },
    reserve(asked, granted, failed) {
      if (!counts.enabled) {
        inner.reserve(asked, granted, failed);
        return;
      }
      refusals.waitsInstead();
      new MeteredWait(counts, asked.signal).reserve(inner, asked, granted, failed);
    },
  };
}

/** A call that waits is refused first, in the same passage: that refusal is taken back. */
class Refusals {
  private readonly counts: Counts;
  /** The passage of the last refusal, and whom it was counted for; undefined once it was taken back. */
  private passage: number | undefined = undefined;
  private by = "";

  constructor(counts: Counts) {
    this.counts = counts;
  }

  /** @param by the name of the layer that refused, where it left word */
  add(by: string | undefined): void {
    const passage = passageNumber();
    // A layer further out may ask twice before it lets its caller wait. That is one refusal.
    if (passage === this.passage) return;
    const { counts } = this;
    this.passage = passage;
    counts.refused++;
    this.by = counts.refusedBy.add(typeof by === "string" ? by : "unknown");
  }

  waitsInstead(): void {
    if (this.passage !== passageNumber()) return;
    this.passage = undefined;
    this.counts.refused--;
    this.counts.refusedBy.takeBack(this.by);
  }
}
