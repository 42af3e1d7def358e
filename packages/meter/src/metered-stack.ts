import { passageNumber, peekRefusal, type Stack } from "@sluice/core/internal";
import type { Counts } from "./counts.ts";
import { MeteredCalls } from "./metered-call.ts";
import { MeteredWait } from "./metered-wait.ts";

/** `inner`, counted. */
export function metered(inner: Stack, counts: Counts): Stack {
  const calls = new MeteredCalls(counts);
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
      if (reservation !== undefined) return calls.granted(reservation);
      const refusal = peekRefusal();
      // A refusal that was there before belongs to an earlier, unrelated question.
      refusals.add(refusal === before ? undefined : refusal?.layer);
      return undefined;
    },
    reserve(asker) {
      if (!counts.enabled) {
        inner.reserve(asker);
        return;
      }
      refusals.waitsInstead();
      const wait = new MeteredWait(asker, calls);
      inner.reserve(wait);
      wait.asked();
    },
  };
}

/** Counts refusals. A call that waits is refused first, in the same passage: that refusal is taken back. */
class Refusals {
  private readonly counts: Counts;
  /** The last passage with a refusal, and by which layers: an outer layer may ask twice before its caller waits. */
  private passage = 0;
  private readonly by: string[] = [];

  constructor(counts: Counts) {
    this.counts = counts;
  }

  /** @param by the name of the layer that refused, where it is known */
  add(by: string | undefined): void {
    const passage = passageNumber();
    if (passage !== this.passage) this.by.length = 0;
    this.passage = passage;
    const { counts } = this;
    counts.refused++;
    this.by.push(counts.refusedBy.add(typeof by === "string" ? by : "unknown"));
  }

  waitsInstead(): void {
    if (this.by.length === 0 || this.passage !== passageNumber()) return;
    const { counts } = this;
    counts.refused -= this.by.length;
    for (const by of this.by) counts.refusedBy.takeBack(by);
    this.by.length = 0;
  }
}
