import { abortWith } from "@sluice/core/kit";

/** What a flight tells those who keep it. */
export interface Airport {
  /** It has landed, or nobody wants it any more: who comes from now on begins another. */
  left(flight: Flight): void;
}

/**
 * One call of the service inside, for all who want its answer: calls, and permits in hand, which are seats. When the last one leaves before
 * it has landed, its work is aborted.
 */
export class Flight {
  readonly key: unknown;
  /** The first caller's: deadlines cannot be extended. */
  readonly deadline: number | undefined;
  private readonly airport: Airport;
  /** Aborts the work. Undefined where the first caller has no signal, and so never leaves. */
  private readonly controller: AbortController | undefined;
  /** The first caller, who begins it, is one. */
  private wanted = 1;
  private over = false;
  private work: Promise<unknown> | undefined = undefined;
  private begun: ((work: Promise<unknown>) => void) | undefined = undefined;
  /** Of the last call that left: a seat is given back without one. */
  private reason: unknown = undefined;

  constructor(airport: Airport, key: unknown, deadline: number | undefined, controller: AbortController | undefined) {
    this.airport = airport;
    this.key = key;
    this.deadline = deadline;
    this.controller = controller;
  }

  /** What all get. A promise of its own for who comes while the work is being started: the work calls its own service. */
  get answer(): Promise<unknown> {
    this.work ??= new Promise((resolve) => {
      this.begun = resolve;
    });
    return this.work;
  }

  /** The work has begun. */
  start(work: Promise<unknown>): void {
    if (this.begun === undefined) this.work = work;
    else this.begun(work);
    const landed = (): void => {
      if (this.over) return;
      this.over = true;
      this.airport.left(this);
    };
    // Before anybody else looks at the answer, so that whoever has it finds no flight.
    work.then(landed, landed);
  }

  /** One more wants the answer. */
  take(): void {
    this.wanted++;
  }

  /** A call leaves: it was aborted. Once the flight has landed, that changes nothing. */
  abort(reason: unknown): void {
    this.reason = reason;
    this.leave();
  }

  /** One less wants the answer. */
  leave(): void {
    this.wanted--;
    if (this.wanted > 0 || this.over) return;
    this.over = true;
    this.airport.left(this);
    if (this.controller !== undefined) abortWith(this.controller, this.reason);
  }
}
