import { promiseOf } from "@sluice/core/kit";
import type { Member } from "./member.ts";

/** The owner of a {@link StoreLink}. */
export interface Asker<Ask, Answer> {
  /** The time of the limit, in milliseconds. */
  now(): number;
  /** Asks the store. May throw, and may return anything. */
  send(ask: Ask): unknown;
  /** Checks an answer. Throws where it is not of the right form. */
  read(answer: unknown, ask: Ask): Answer;
  /** An answer has come in time. `sent` is when the question was sent. The store is already marked as up. */
  answered(answer: Answer, ask: Ask, sent: number): void;
  /** There is no answer. The store is already marked as down, or has answered a later question. */
  failed(ask: Ask): void;
}

/** A question in flight. */
interface Question<Ask> {
  readonly ask: Ask;
  readonly sent: number;
  /** How many questions the member has sent by then. */
  readonly nth: number;
}

/**
 * Asks the store for the limit of one key: one question at a time, each with a timeout, and only while its {@link Member} may ask. It does
 * not rely on the client's handling of failures: clients queue commands while they are not connected, and wait for answers without end. An
 * answer that comes after its timeout is counted and not used.
 *
 * It sets no timer: its owner calls {@link overdue} when {@link due} has come.
 */
export class StoreLink<Ask, Answer> {
  private readonly asker: Asker<Ask, Answer>;
  private readonly member: Member;
  private readonly timeout: number;
  private question: Question<Ask> | undefined = undefined;

  /** @param timeout how long it waits for an answer: ms */
  constructor(asker: Asker<Ask, Answer>, member: Member, timeout: number) {
    this.asker = asker;
    this.member = member;
    this.timeout = timeout;
  }

  /** Whether a question is in flight. */
  get busy(): boolean {
    return this.question !== undefined;
  }

  /** When the question in flight times out; Infinity where there is none. */
  get due(): number {
    return this.question === undefined ? Number.POSITIVE_INFINITY : this.question.sent + this.timeout;
  }

  /** Whether a question may be sent at `now`. */
  isFree(now: number): boolean {
    return this.question === undefined && this.member.mayAsk(now);
  }

  /** Sends a question. Call it only while {@link isFree}. */
  ask(ask: Ask, now: number): void {
    const { member, asker } = this;
    const question: Question<Ask> = { ask, sent: now, nth: member.asked(now + this.timeout) };
    this.question = question;
    let answer: unknown;
    try {
      answer = asker.send(ask);
    } catch (error) {
      answer = Promise.reject(error);
    }
    promiseOf(answer).then(
      (value) => {
        this.settle(question, value);
      },
      (error: unknown) => {
        if (this.question === question) this.fail(question, error);
      },
    );
  }

  /** Fails the question in flight if it has timed out. */
  overdue(now: number): void {
    const { question } = this;
    if (question === undefined || now < this.due) return;
    this.fail(question, new Error(`The store has not answered within ${this.timeout} ms.`));
  }

  private settle(question: Question<Ask>, value: unknown): void {
    const { member, asker } = this;
    const now = asker.now();
    // The timer is late where the process was busy.
    if (this.question === question) this.overdue(now);
    if (this.question !== question) {
      member.late++;
      return;
    }
    let answer: Answer;
    try {
      answer = asker.read(value, question.ask);
    } catch (error) {
      this.fail(question, error);
      return;
    }
    this.question = undefined;
    member.answered(now - question.sent);
    asker.answered(answer, question.ask, question.sent);
  }

  private fail({ ask, nth }: Question<Ask>, cause: unknown): void {
    this.question = undefined;
    this.member.failed(cause, nth, this.asker.now());
    this.asker.failed(ask);
  }
}
