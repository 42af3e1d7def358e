import {
  events,
  type FailureOf,
  type GivesOnly,
  type Kind,
  type Layer,
  layerFn,
  type Mismatch,
  OverloadedError,
  type Permit,
  type ReadyOptions,
  type RequestOf,
  Service,
  takeRefusal,
} from "@sluice/core";
import {
  callLayer,
  isOwnAbort,
  readOptions,
  recoverReadiness,
  requireBoolean,
  requireLabel,
  show,
} from "@sluice/core/kit";
import { answerTo, readAnswers, type Unanswered } from "../answer/answers.ts";
import { codeOf, knownAnswer } from "../answer/known-answers.ts";
import type { Problem } from "../answer/problem.ts";
import { responseOf } from "../answer/problem-response.ts";
import { readSpread, type RetryAfterSpread } from "../answer/spread.ts";

/** An answer for each failure, by its `code`: `{ QUOTA: (error: QuotaError) => ({ status: 402 }) }`. Declare the type of the error. */
export type Answers = Readonly<Record<string, (error: never, request: never) => Problem>>;

/** Options of {@link answerFailures}. */
export interface AnswerFailuresOptions {
  /** Whether a request waits in line for a permit. Default false: a request is answered as refused when the service inside is not ready. */
  readonly wait?: boolean | undefined;
  /** As of an edge: the `Retry-After` of a refusal that has no time of its own; milliseconds, default `{ min: 1_000, max: 3_000 }`. */
  readonly retryAfter?: RetryAfterSpread | undefined;
  /** The class of the answers; default the global `Response`. A class of the runtime may be cheaper. */
  readonly Response?: typeof Response | undefined;
  /** Tells this layer apart from others of its kind, in events. Default: none. */
  readonly label?: string | undefined;
}

/** Removes the failures that `A` or every edge answers. */
export interface AnswersFailures<A> extends Kind {
  readonly "~outer": GivesOnly<
    Response,
    this["~inner"],
    Fitting<
      A,
      FailureOf<this["~inner"]>,
      Service<RequestOf<this["~inner"]>, Response, Unanswered<FailureOf<this["~inner"]>, keyof A>>
    >,
    "answerFailures"
  >;
}

/** `Outer`, if each answer takes the failure that it answers. */
type Fitting<A, E, Outer> = [Misfits<A, E>] extends [never]
  ? Outer
  : Mismatch<"an answer takes another failure than has its code", A, Misfits<A, E>>;

/** The failures whose answer does not take them. */
type Misfits<A, E> = E extends { readonly code: infer Code extends keyof A & string }
  ? A[Code] extends (error: infer Asked, ...more: never) => unknown
    ? [E] extends [Asked]
      ? never
      : [Asked] extends [never]
        ? never
        : E
    : never
  : never;

/** A layer that answers failures. One layer value counts for all services that it wraps. */
export interface AnswerFailuresLayer<A = unknown> extends Layer<AnswersFailures<A>> {
  /** Failures answered so far, refusals included. */
  readonly answered: number;
}

const name = "answerFailures";

/**
 * Answers failures with a `Response`, as an edge does, so that outer layers see the response: failures of the call, failures of readiness,
 * and refusals. It removes the codes that it answers from the types; the others stay, and an edge that does not answer them does not
 * compile. It does not answer undeclared errors, or the abort reason of the caller's own signal.
 *
 * @example
 * new ServiceBuilder()
 *   .layer(answerFailures({ QUOTA: (error: QuotaError) => ({ status: 402, detail: error.message }) }))
 *   .layer(concurrencyLimit(4));
 *
 * @param answers by the failure's `code`: `(error, request) => Problem`. The call fails with an error that an answer throws, and with a
 *   `TypeError` or `RangeError` for an invalid problem. Default: the answers of every edge
 * @throws TypeError | RangeError when an answer is not a function, or an option is not in its range
 */
export function answerFailures(answers?: undefined, options?: AnswerFailuresOptions): AnswerFailuresLayer;
export function answerFailures<const A extends Answers>(
  answers: A,
  options?: AnswerFailuresOptions,
): AnswerFailuresLayer<A>;
export function answerFailures(answers?: Answers, options?: AnswerFailuresOptions): AnswerFailuresLayer {
  const given = readAnswers(name, answers);
  const read = readOptions(name, options, ["wait", "retryAfter", "Response", "label"]);
  const { wait = false, Response: make, label } = read;
  requireBoolean(name, "wait", wait);
  if (make !== undefined && typeof make !== "function") {
    throw new TypeError(`${name}: Response must be a function; received ${show(make)}`);
  }
  const spread = readSpread(name, read.retryAfter);
  requireLabel(name, label);
  let answered = 0;

  const respond = (error: unknown, request: unknown): Response | undefined => {
    const problem = answerTo(error, request, given, spread);
    if (problem === undefined) return undefined;
    answered++;
    const { status } = problem;
    if (events.listening)
      events.emit({ type: "answer", layer: name, label, source: given, status, code: codeOf(error) });
    return responseOf(problem, make);
  };
  const calls = callLayer<any>(name, (inside, request, callOptions) =>
    inside.start(request, callOptions).catch((error: unknown) => {
      const response = isOwnAbort(callOptions.signal, error) ? undefined : respond(error, request);
      if (response === undefined) throw error;
      return response;
    }),
  );
  const isAnswered = (error: unknown): boolean =>
    given.has(codeOf(error) ?? "") || knownAnswer(error, spread) !== undefined;
  const layer = layerFn<any>(
    name,
    (service) =>
      recoverReadiness(calls.wrap(wait ? service : new Impatient(service)) as Service<any, any>, (error) =>
        isAnswered(error) ? (request: unknown): unknown => respond(error, request) : undefined,
      ) as Service<any, any, any>,
    undefined,
    { label, facts: { wait } },
  );
  return {
    ...layer,
    get answered() {
      return answered;
    },
  };
}

/** Never waits: it turns a refusal into a failure of readiness. */
class Impatient extends Service<unknown, unknown> {
  private readonly inner: Service<unknown, unknown>;

  constructor(inner: Service<unknown, unknown>) {
    super();
    this.inner = inner;
  }

  override tryReady(request?: unknown): Permit<unknown, unknown> {
    // Discards a refusal left by an earlier, unrelated question.
    takeRefusal();
    const permit = this.inner.tryReady(request);
    if (permit !== undefined) return permit;
    const refusal = takeRefusal();
    throw new OverloadedError(refusal?.layer, refusal);
  }

  /* v8 ignore next 3 -- never called: `tryReady` always returns a permit or throws */
  override async ready({ request }: ReadyOptions = {}): Promise<Permit<unknown, unknown>> {
    return this.tryReady(request);
  }
}
