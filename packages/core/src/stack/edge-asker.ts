import { Asker, Refused } from "./asker.ts";
import { Reservation } from "./reservation.ts";

/**
 * Who asks a stack from outside: what it is granted becomes a promise. Where it has to wait in a line of ours, that is the one which
 * wakes it: a wait costs one promise and the one that is returned.
 */
export abstract class EdgeAsker<Answer> extends Asker {
  private outcome: Reservation | Refused | undefined = undefined;
  /** Answers when it has gone on. */
  private waiting: Promise<unknown> | undefined = undefined;
  /** For a wait without a line of ours. */
  private settle: ((answer: Answer | PromiseLike<Answer>) => void) | undefined = undefined;

  /**
   * Goes on with what was granted.
   *
   * @param edge whether the answer goes to the caller as it is; see `start` of a behaviour
   */
  protected abstract begin(reservation: Reservation, edge: boolean): Answer | Promise<Answer>;

  override granted(reservation: Reservation): void {
    if (this.settle === undefined) this.outcome = reservation;
    else this.settle(this.begin(reservation, false));
  }

  override failed(reason: unknown): void {
    if (this.settle === undefined) this.outcome = new Refused(reason);
    else this.settle(Promise.reject(reason));
  }

  /**
   * What the caller gets, once the stack was asked.
   *
   * @throws the failure of readiness
   */
  answer(edge: boolean): Answer | Promise<Answer> {
    const { outcome, waiting } = this;
    if (outcome instanceof Reservation) return this.begin(outcome, edge);
    if (outcome !== undefined) throw outcome.reason;
    if (waiting !== undefined) return waiting as Promise<Answer>;
    return new Promise((settle) => {
      this.settle = settle;
    });
  }

  protected override suspended(then: Promise<unknown>): void {
    this.waiting = then;
  }

  override proceed(): unknown {
    // That is where this is called from.
    this.waiting = undefined;
    return super.proceed();
  }

  protected override proceeded(): unknown {
    return this.answer(false);
  }
}
