import { promiseOf } from "@sluice/core/kit";
import { Ewma } from "@sluice/core/stats";

/** Whether the store answered the last question. */
export type StoreState = "up" | "down";

/** What a {@link StoreLink} is made of. */
export interface LinkOptions<Ask, Answer> {
  /** For how long an answer is waited for, in milliseconds. */
  readonly timeout: number;
  /** Asks the store. May throw, and answer with anything. */
  readonly send: (ask: Ask) => unknown;
  /** An answer whose members can be relied on. Throws where the store has answered something else. */
  readonly read: (answer: unknown, ask: Ask) => Answer;
  /** The time of the limit, in milliseconds. */
  readonly now: () => number;
  /** An answer is there, in time. `sent` is when it was asked for. The state is `"up"` by then. */
  readonly answered: (answer: Answer, ask: Ask, sent: number) => void;
  /** There is none. The state is `"down"` by then. */
  readonly failed: () => void;
  /** The state changes. */
  readonly changed: (from: StoreState, to: StoreState) => void;
}

/**
 * The first pause before a store that is down is asked again, and the longest: ms. A member that does not know yet that the store is back goes
 * on by itself, beside those that know: so it is to find out soon.
 */
const firstPause = 100;
const longestPause = 1_000;

/** A question that is under way. */
class Question<Ask> {
  readonly ask: Ask;
  readonly sent: number;

  constructor(ask: Ask, sent: number) {
    this.ask = ask;
    this.sent = sent;
  }
}

/**
 * How a limit talks to its store: one question at a time, each with a time-out of its own, and a circuit. It does not rely on what a client
 * does about failures, for clients queue commands while they are not connected, and wait for answers for ever.
 *
 * A store that fails, or does not answer in time, is down until it answers. Meanwhile it is asked after pauses that grow from 100 ms to 1 s, half
 * of each at random, so that many members do not ask at once. What comes after its time-out is counted, and not used.
 *
 * It sets no timer: its owner calls {@link overdue} when {@link due} has come.
 */
export class StoreLink<Ask, Answer> {
  state: StoreState = "up";
  /** Questions sent. */
  trips = 0;
  /** Answers that came after their time-out. */
  late = 0;
  /** What the store failed with last. */
  cause: unknown = undefined;
  /** When a store that is down may be asked again. */
  probeAt: number = Number.NEGATIVE_INFINITY;
  private readonly options: LinkOptions<Ask, Answer>;
  private readonly trip: Ewma = new Ewma(10);
  private question: Question<Ask> | undefined = undefined;
  private pause = firstPause;

  constructor(options: LinkOptions<Ask, Answer>) {
    this.options = options;
  }

  /** Whether an answer is waited for. */
  get busy(): boolean {
    return this.question !== undefined;
  }

  /** When the answer that is waited for is too late; Infinity where none is. */
  get due(): number {
    return this.question === undefined ? Number.POSITIVE_INFINITY : this.question.sent + this.options.timeout;
  }

  /** How long the store takes to answer, in milliseconds; undefined before its first answer. */
  get roundTrip(): number | undefined {
    return this.trip.value > 0 ? this.trip.value : undefined;
  }

  /** Whether a question may be sent at `now`. */
  isFree(now: number): boolean {
    return this.question === undefined && (this.state === "up" || this.probeAt <= now);
  }

  /** Asks. Only while it {@link isFree}. */
  ask(ask: Ask, now: number): void {
    const question = new Question(ask, now);
    this.question = question;
    this.trips++;
    let answer: unknown;
    try {
      answer = this.options.send(ask);
    } catch (error) {
      answer = Promise.reject(error);
    }
    promiseOf(answer).then(
      (value) => {
        this.settle(question, value);
      },
      (error: unknown) => {
        if (this.question === question) this.fail(error);
      },
    );
  }

  /** Gives up on an answer that is too late. */
  overdue(now: number): void {
    if (this.due <= now) this.fail(new Error(`The store has not answered within ${this.options.timeout} ms.`));
  }

  private settle(question: Question<Ask>, value: unknown): void {
    const now = this.options.now();
    // The timer may be late, where the process was busy.
    if (this.question === question) this.overdue(now);
    if (this.question !== question) {
      this.late++;
      return;
    }
    let answer: Answer;
    try {
      answer = this.options.read(value, question.ask);
    } catch (error) {
      this.fail(error);
      return;
    }
    this.question = undefined;
    this.trip.add(Math.max(now - question.sent, 0.01));
    this.pause = firstPause;
    this.turn("up");
    this.options.answered(answer, question.ask, question.sent);
  }

  private fail(cause: unknown): void {
    this.question = undefined;
    this.cause = cause;
    this.probeAt = this.options.now() + this.pause * (0.5 + Math.random() / 2);
    this.pause = Math.min(this.pause * 2, longestPause);
    this.turn("down");
    this.options.failed();
  }

  private turn(to: StoreState): void {
    const from = this.state;
    if (from === to) return;
    this.state = to;
    if (to === "up") this.cause = undefined;
    this.options.changed(from, to);
  }
}
