import { promiseOf } from "@sluice/core/kit";
import type { Member } from "./member.ts";

/** Who asks a store through a {@link StoreLink}. */
export interface Asker<Ask, Answer> {
  /** The time of the limit, in milliseconds. */
  now(): number;
  /** Asks the store. May throw, and answer with anything. */
  send(ask: Ask): unknown;
  /** An answer whose members can be relied on. Throws where the store has answered something else. */
  read(answer: unknown, ask: Ask): Answer;
  /** An answer is there, in time. `sent` is when it was asked for. The store is up by then. */
  answered(answer: Answer, ask: Ask, sent: number): void;
  /** There is none. The store is down by then. */
  failed(): void;
}

/** A question that is under way. */
class Question<Ask> {
  readonly ask: Ask;
  readonly sent: number;
  /** Whether the store was down when it was sent. */
  readonly wasDown: boolean;

  constructor(ask: Ask, sent: number, wasDown: boolean) {
    this.ask = ask;
    this.sent = sent;
    this.wasDown = wasDown;
  }
}

/**
 * How the limit of one key talks to its store: one question at a time, each with a time-out of its own, as far as its {@link Member} may ask. It
 * does not rely on what a client does about failures, for clients queue commands while they are not connected, and wait for answers for
 * ever. What comes after its time-out is counted, and not used.
 *
 * It sets no timer: its owner calls {@link overdue} when {@link due} has come.
 */
export class StoreLink<Ask, Answer> {
  private readonly asker: Asker<Ask, Answer>;
  private readonly member: Member;
  private readonly timeout: number;
  private question: Question<Ask> | undefined = undefined;

  /** @param timeout for how long an answer is waited for: ms */
  constructor(asker: Asker<Ask, Answer>, member: Member, timeout: number) {
    this.asker = asker;
    this.member = member;
    this.timeout = timeout;
  }

  /** Whether an answer is waited for. */
  get busy(): boolean {
    return this.question !== undefined;
  }

  /** When the answer that is waited for is too late; Infinity where none is. */
  get due(): number {
    return this.question === undefined ? Number.POSITIVE_INFINITY : this.question.sent + this.timeout;
  }

  /** Whether a question may be sent at `now`. */
  isFree(now: number): boolean {
    return this.question === undefined && this.member.mayAsk(now);
  }

  /** Asks. Only while it {@link isFree}. */
  ask(ask: Ask, now: number): void {
    const { member, asker } = this;
    const question = new Question(ask, now, member.state === "down");
    this.question = question;
    member.asked(this.due);
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

  /** Gives up on an answer that is too late. */
  overdue(now: number): void {
    const { question } = this;
    if (question === undefined || now < this.due) return;
    this.fail(question, new Error(`The store has not answered within ${this.timeout} ms.`));
  }

  private settle(question: Question<Ask>, value: unknown): void {
    const { member, asker } = this;
    const now = asker.now();
    // The timer may be late, where the process was busy.
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

  private fail({ wasDown }: Question<Ask>, cause: unknown): void {
    this.question = undefined;
    this.member.failed(cause, wasDown, this.asker.now());
    this.asker.failed();
  }
}
