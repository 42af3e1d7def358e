import type { Asker } from "@sluice/core/internal";
import { type AbortListener, abortWith, listen, unlisten } from "@sluice/core/kit";
import type { Flight } from "./flight.ts";

/** A caller who waits for the service inside, and leaves its line for a seat when somebody's flight for the same key begins. */
export class Waiter implements AbortListener {
  /** Where it has a seat. */
  flight: Flight | undefined = undefined;
  private readonly asker: Asker;
  private readonly withdrawal: AbortController = new AbortController();

  constructor(asker: Asker) {
    this.asker = asker;
    if (asker.signal !== undefined) listen(asker.signal, this);
  }

  /** Takes it out of the line inside: it aborts with the caller, or for a seat. */
  get signal(): AbortSignal {
    return this.withdrawal.signal;
  }

  /** Takes a seat, and gives up its place in the line. */
  board(flight: Flight): void {
    flight.take();
    this.flight = flight;
    abortWith(this.withdrawal, boarding);
  }

  aborted(reason: unknown): void {
    abortWith(this.withdrawal, reason);
  }

  /** It waits no more. */
  leave(): void {
    if (this.asker.signal !== undefined) unlisten(this.asker.signal, this);
  }
}

/** Why a line inside was left; no caller sees it. One object for all, so that nobody pays for a stack trace. */
const boarding: unknown = Object.freeze({ name: "AbortError", message: "Another call for the same key has begun." });
