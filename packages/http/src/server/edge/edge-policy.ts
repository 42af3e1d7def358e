import type { Clock, Service } from "@sluice/core";
import { type CallOptions, OverloadedError, takeRefusal } from "@sluice/core";
import { readOptions, report, requireBoolean, requireClock, requireFunction } from "@sluice/core/kit";
import { type AnswersByCode, answerTo, readAnswers } from "../answer/answers.ts";
import { refusalAnswer, timedOut, undeclared } from "../answer/known-answers.ts";
import type { WrittenProblem } from "../answer/problem.ts";
import { readSpread, type RetryAfterSpread, type Spread } from "../answer/spread.ts";
import { readTimeoutHeader, timeLeft } from "./client-time.ts";

/** Options of all edges. `Req` is the type of the edge's requests. */
export interface EdgeOptions<in Req = never> {
  /**
   * Whether a request waits in line for a permit. Default false: a request is refused when the stack is not ready, so that requests wait
   * only in a buffer of the stack.
   */
  readonly wait?: boolean | undefined;
  /** The header with the milliseconds for which a client still waits, or false for none; default `"x-timeout-ms"`. */
  readonly timeoutHeader?: string | false | undefined;
  /**
   * The `Retry-After` of a refusal that has no time of its own: milliseconds, 0 to 2^31-1, or a range from which a random one is drawn;
   * default `{ min: 1_000, max: 3_000 }`.
   */
  readonly retryAfter?: RetryAfterSpread | undefined;
  /**
   * Called once with each undeclared failure, which is answered with 500; not where the client has left. An error that it throws is
   * reported as an unhandled rejection. Default: none.
   */
  readonly onError?: ((error: unknown, request: Req) => void) | undefined;
  /** Where time is read for the client's deadline; default `systemClock`. Use the clock of the stack. */
  readonly clock?: Clock | undefined;
}

/** The names of the options of all edges. */
export const edgeOptionNames = ["wait", "timeoutHeader", "retryAfter", "onError", "clock", "answers"] as const;

/** A permit or a service. */
interface Callable<in Req, out Res> {
  call(request: Req, options: CallOptions): Promise<Res>;
}

/** The checked options of an edge. */
export class EdgePolicy {
  /** The header with the client's time, in lower case. */
  readonly timeoutHeader: string | undefined;
  private readonly wait: boolean;
  private readonly spread: Spread;
  private readonly answers: AnswersByCode;
  private readonly onError: ((error: unknown, request: never) => void) | undefined;
  private readonly clock: Clock;

  /** @throws TypeError | RangeError when an option is not in its range */
  constructor(owner: string, options: EdgeOptions & { readonly answers?: object | undefined }) {
    const { wait = false, onError } = options;
    requireBoolean(owner, "wait", wait);
    if (onError !== undefined) requireFunction(owner, "onError", onError);
    this.wait = wait;
    this.onError = onError;
    this.timeoutHeader = readTimeoutHeader(owner, options.timeoutHeader);
    this.spread = readSpread(owner, options.retryAfter);
    this.answers = readAnswers(owner, options.answers);
    this.clock = requireClock(owner, options.clock);
  }

  /**
   * The client's deadline, in the clock's milliseconds; undefined without one; `"passed"` where no time is left.
   *
   * @param value the value of the header
   */
  deadline(value: unknown): number | undefined | "passed" {
    const left = timeLeft(value);
    if (left === undefined) return undefined;
    return left === 0 ? "passed" : this.clock.now() + left;
  }

  /**
   * Admits a request: returns the permit, or the service where requests wait, to call with it. Undefined where there is no room;
   * {@link refusal} then has the answer.
   *
   * @throws what the service does
   */
  admit<Req, Res>(service: Service<Req, Res>, request: Req): Callable<Req, Res> | undefined {
    if (this.wait) return service;
    // Discards a refusal left by an earlier, unrelated question.
    takeRefusal();
    return service.tryReady(request);
  }

  /** The answer where there is no room. Call it right after {@link admit} has returned undefined. Never throws. */
  refusal(request: unknown): WrittenProblem {
    const refusal = takeRefusal();
    // The error is made only for an answer that reads it.
    if (!this.answers.has("ERR_SLUICE_OVERLOADED")) return refusalAnswer(refusal ?? {}, this.spread);
    return this.declared(new OverloadedError(refusal?.layer, refusal), request) ?? undeclared;
  }

  /** The answer to a failure; undefined for an undeclared one. Never throws. */
  declared(error: unknown, request: unknown): WrittenProblem | undefined {
    try {
      return answerTo(error, request, this.answers, this.spread);
    } catch (thrown) {
      this.told(thrown, request);
      return undeclared;
    }
  }

  /** Calls `onError` with an undeclared failure. */
  told(error: unknown, request: unknown): void {
    try {
      this.onError?.(error, request as never);
    } catch (thrown) {
      report(thrown);
    }
  }
}

/** For a client that has no time left when its request arrives. */
export const noTimeLeft: WrittenProblem = timedOut;

/**
 * Reads the options of an edge.
 *
 * @throws TypeError | RangeError when an option is not in its range, or is unknown
 */
export function readEdge(owner: string, options: object | undefined): EdgePolicy {
  return new EdgePolicy(
    owner,
    readOptions<EdgeOptions & { readonly answers?: object }>(owner, options, edgeOptionNames),
  );
}
