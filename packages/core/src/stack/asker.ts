import { abortReason } from "../contract/abort-reason.ts";
import type { ReadyOptions } from "../contract/service.ts";
import { enterLayers, leaveLayers } from "../kit/cached-time.ts";
import { type Line, Standing } from "../kit/line.ts";
import type { Reservation } from "./reservation.ts";

/** A service as layers see it: reservations instead of permits, and askers instead of promises. */
export interface Stack {
  /** As `tryReady`. Throws what `reserve` would fail with. */
  readonly tryReserve: (request: unknown) => Reservation | undefined;
  /** As `ready`. Never throws. */
  readonly reserve: (asker: Asker) => void;
}

/** Where a caller goes in when its turn has come: a gate, with what is inside it. */
export interface Entrance<Grant> {
  /** Takes the caller further in with what was granted, or releases that. In the caller's async context. Never throws. */
  enter(asker: Asker, grant: Grant): void;
  /** Releases what was granted, unused. */
  giveBack(grant: Grant): void;
}

/**
 * Who asks a stack for a reservation. Exactly one of `granted` and `failed` is called, once, in the async context in which was asked:
 * synchronously where there is no wait, so that readiness costs no microtask, and a waiter granted in one line joins the next one in
 * the same turn. Neither may throw.
 *
 * It is also the node that stands in the line of a gate of ours, which costs a wait neither an object nor a promise more. It may
 * stand in one after the other.
 */
export abstract class Asker extends Standing<any> implements ReadyOptions<unknown> {
  readonly request: unknown;
  readonly signal: AbortSignal | undefined;
  readonly deadline: number | undefined;
  private entrance: Entrance<any> | undefined = undefined;
  /** What was granted, or why it was refused. */
  private turn: unknown = undefined;
  private resume: (asker: Asker) => void = nobody;

  constructor(request: unknown, signal: AbortSignal | undefined, deadline: number | undefined) {
    super();
    this.request = request;
    this.signal = signal;
    this.deadline = deadline;
  }

  /** It has what it asked for. */
  abstract granted(reservation: Reservation): void;
  /** It gets nothing. */
  abstract failed(reason: unknown): void;

  get options(): this {
    return this;
  }

  /**
   * Stands in `line`, and goes in at `entrance` when its turn has come. Called in the async context of the caller.
   *
   * @throws what the signal throws, where it is none
   */
  waitIn<Grant>(line: Line<Grant>, entrance: Entrance<Grant>): void {
    line.stand(this);
    this.entrance = entrance;
    const turn = new Promise<Asker>(keep);
    this.resume = kept;
    // Or the async context of the last caller would be kept alive.
    kept = nobody;
    this.suspended(turn.then(proceed));
  }

  /** It waits: `then` is what {@link proceeded} answers with, later. */
  protected suspended(_then: Promise<unknown>): void {}

  /** It goes on after a wait, and may be waiting again. */
  protected proceeded(): unknown {
    return undefined;
  }

  override grant(grant: unknown): void {
    this.turn = grant;
    this.resume(this);
  }

  override refuse(reason: unknown): void {
    this.turn = new Refused(reason);
    this.resume(this);
  }

  /** @internal its turn has come */
  proceed(): unknown {
    const { turn, line, signal, entrance } = this;
    this.turn = undefined;
    if (turn instanceof Refused) {
      this.failed(turn.reason);
      return this.proceeded();
    }
    enterLayers();
    try {
      if (!signal?.aborted) entrance!.enter(this, turn);
      else {
        // The grant and the abort have met.
        entrance!.giveBack(turn);
        this.failed(abortReason(signal));
      }
      return this.proceeded();
    } finally {
      leaveLayers();
      // By now it stands in the next line, or its call has started: newcomers may be let in.
      line!.moved();
    }
  }
}

/** That a caller gets nothing, and why: whatever was thrown may be the reason. */
export class Refused {
  readonly reason: unknown;
  constructor(reason: unknown) {
    this.reason = reason;
  }
}

// One function for all callers: new ones for each, with what they close over, made a wait in line a third slower.
const nobody = (): void => {};
let kept: (asker: Asker) => void = nobody;
const keep = (resolve: (asker: Asker) => void): void => {
  kept = resolve;
};
const proceed = (asker: Asker): unknown => asker.proceed();
