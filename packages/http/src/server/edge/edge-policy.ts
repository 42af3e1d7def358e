import type { Clock, Service } from "@sluice/core";
import { type CallOptions, OverloadedError, takeRefusal } from "@sluice/core";
import { readOptions, report, requireBoolean, requireClock, requireFunction } from "@sluice/core/kit";
import { type AnswersByCode, answerTo, readAnswers } from "../answer/answers.ts";
import { refusalAnswer, timedOut, undeclared } from "../answer/known-answers.ts";
import type { WrittenProblem } from "../answer/problem.ts";
import { readSpread, type RetryAfterSpread, type Spread } from "../answer/spread.ts";
import { readTimeoutHeader, timeLeft } from "./client-time.ts";

/** Options that all edges have. `Req` is the request as the edge's callers know it. */
export interface EdgeOptions<in Req = never> {
  /**
   * Whether a request waits in line for a permit. Default false: a request that the stack is not ready for now is refused, so that nobody
   * waits but in the stack's own buffer.
   */
  readonly wait?: boolean | undefined;
  /** The header in which a client says how many milliseconds it still waits, or false; default `"x-timeout-ms"`. */
  readonly timeoutHeader?: string | false | undefined;
  /**
   * What a refusal says where nobody knows when there will be room: milliseconds, 0 to 2^31-1, or a range that is drawn from; default
   * `{ min: 1_000, max: 3_000 }`.
   */
  readonly retryAfter?: RetryAfterSpread | undefined;
  /**
   * Called once with each failure that nobody declared, and that is answered with 500; not where the client has left. What it throws is
   * reported as an unhandled rejection. Default: none.
   */
  readonly onError?: ((error: unknown, request: Req) => void) | undefined;
  /** Where the client's time is measured; default `systemClock`. Give the stack's. */
  readonly clock?: Clock | undefined;
}

/** The names of the options that all edges have. */
export const edgeOptionNames = ["wait", "timeoutHeader", "retryAfter", "onError", "clock", "answers"] as const;

/** What a request is spent on: a permit, or a service. */
interface Callable<in Req, out Res> {
  call(request: Req, options: CallOptions): Promise<Res>;
}

/** The options of an edge, once they are read. */
export class EdgePolicy {
  /** The header with the client's time, in lower case. */
  readonly timeoutHeader: string | undefined;
  private readonly wait: boolean;
  private readonly spread: Spread;
  private readonly answers: AnswersByCode;
  private readonly onError: ((error: unknown, request: never) => void) | undefined;
  private readonly clock: Clock;

  /** @throws TypeError | RangeError when an option is not what it must be */
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
   * The client's deadline, in the clock's milliseconds; undefined without one. `"passed"` where it has no time left.
   *
   * @param value of the header
   */
  deadline(value: unknown): number | undefined | "passed" {
    const left = timeLeft(value);
    if (left === undefined) return undefined;
    return left === 0 ? "passed" : this.clock.now() + left;
  }

  /**
   * Lets a request in: what this returns is called with it. Where a request waits, that is the service itself. Undefined where there is no
   * room, for which {@link refusal} has the answer.
   *
   * @throws what the service does
   */
  admit<Req, Res>(service: Service<Req, Res>, request: Req): Callable<Req, Res> | undefined {
    if (this.wait) return service;
    // Discards a refusal left by an earlier, unrelated question.
    takeRefusal();
    return service.tryReady(request);
  }

  /** The answer where there is no room, right after {@link admit} has said so. Never throws. */
  refusal(request: unknown): WrittenProblem {
    const refusal = takeRefusal();
    // The error is made only where somebody looks at it.
    if (!this.answers.has("ERR_SLUICE_OVERLOADED")) return refusalAnswer(refusal ?? {}, this.spread);
    return this.declared(new OverloadedError(refusal?.layer, refusal), request) ?? undeclared;
  }

  /** The answer to a failure; undefined where nobody declared it, which {@link undeclared} is for. Never throws. */
  declared(error: unknown, request: unknown): WrittenProblem | undefined {
    try {
      return answerTo(error, request, this.answers, this.spread);
    } catch (thrown) {
      this.told(thrown, request);
      return undeclared;
    }
  }

  /** Says that nobody declared this failure. */
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
 * @throws TypeError | RangeError when an option is not what it must be, or is unknown
 */
export function readEdge(owner: string, options: object | undefined): EdgePolicy {
  return new EdgePolicy(
    owner,
    readOptions<EdgeOptions & { readonly answers?: object }>(owner, options, edgeOptionNames),
  );
}
