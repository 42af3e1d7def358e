import type { Mismatch, OverloadedError } from "@sluice/core";
import { requireObject, show } from "@sluice/core/kit";
import type { BodyTooLargeError } from "../layers/body-too-large-error.ts";
import { codeOf, knownAnswer, type KnownCode } from "./known-answers.ts";
import { type Problem, type WrittenProblem, writeProblem } from "./problem.ts";
import type { Spread } from "./spread.ts";

/** The failures `E` without those that an edge answers by itself, and without those whose `code` is in `Codes`. */
export type Unanswered<E, Codes = never> = E extends { readonly code: infer Code extends KnownCode | Codes }
  ? [Code] extends [KnownCode | Codes]
    ? never
    : E
  : E;

/** The failure among `E` that has this `code`. */
type WithCode<E, Code> = E extends { readonly code: infer Codes } ? (Code extends Codes ? E : never) : never;

/** The codes of the failures `E` that are literal types. */
type CodesOf<E> = E extends { readonly code: infer Code extends string } ? (string extends Code ? never : Code) : never;

/** The failures among `E` without such a code. */
type Nameless<E> = unknown extends E ? E : E extends unknown ? ([CodesOf<E>] extends [never] ? E : never) : never;

/** The failures that are answered by default and whose class is known here. */
interface Known {
  readonly ERR_SLUICE_OVERLOADED: OverloadedError;
  readonly ERR_SLUICE_HTTP_BODY_TOO_LARGE: BodyTooLargeError;
}

/** The failure of a known code: as the stack raises it, otherwise as it is known here. */
type KnownFailure<E, Code> = [WithCode<E, Code>] extends [never]
  ? Code extends keyof Known
    ? Known[Code]
    : Error
  : WithCode<E, Code>;

/**
 * An answer for each failure that a stack raises, by its `code`: `{ QUOTA: (error) => ({ status: 402 }) }`. Answers for failures that an
 * edge answers by itself are optional; all others are required.
 */
export type AnswersFor<E, Req> = [Nameless<Unanswered<E>>] extends [never]
  ? {
      readonly [Code in CodesOf<Unanswered<E>>]: (error: WithCode<E, Code>, request: Req) => Problem;
    } & {
      readonly [Code in KnownCode]?: ((error: KnownFailure<E, Code>, request: Req) => Problem) | undefined;
    }
  : Mismatch<"a failure is told by its code, and one has none that is known", { readonly code: "…" }, Unanswered<E>>;

/** The last parameter of an edge: options, with `answers`, which is optional where every edge answers all failures of the stack. */
export type WithAnswers<Options, E, Req> = [Unanswered<E>] extends [never]
  ? [options?: Options & { readonly answers?: AnswersFor<E, Req> | undefined }]
  : [options: Options & { readonly answers: AnswersFor<E, Req> }];

/** Answers by `code`, at run time. */
export type AnswersByCode = ReadonlyMap<string, (error: never, request: never) => Problem>;

/** @throws TypeError when it is not an object, or a member is not a function */
export function readAnswers(owner: string, answers: object = {}): AnswersByCode {
  requireObject(owner, "answers", answers);
  const byCode = new Map<string, (error: never, request: never) => Problem>();
  for (const [code, answer] of entriesOf(owner, answers)) {
    if (answer === undefined) continue;
    if (typeof answer !== "function") {
      throw new TypeError(
        `${owner}: answers must be functions by code; received ${show(answers)} whose ${code} is ${show(answer)}`,
      );
    }
    byCode.set(code, answer as (error: never, request: never) => Problem);
  }
  return byCode;
}

function entriesOf(owner: string, answers: object): readonly (readonly [code: string, answer: unknown])[] {
  try {
    return Object.entries(answers);
  } catch (cause) {
    throw new TypeError(`${owner}: answers must be functions by code; received ${show(answers)} that cannot be read`, {
      cause,
    });
  }
}

/**
 * The answer to a failure: by `answers`, otherwise the known one; undefined for an undeclared failure.
 *
 * @throws what an answer throws; TypeError | RangeError where it does not return a valid problem
 */
export function answerTo(
  error: unknown,
  request: unknown,
  answers: AnswersByCode,
  spread: Spread,
): WrittenProblem | undefined {
  const answer = answers.size === 0 ? undefined : answers.get(codeOf(error) ?? "");
  if (answer === undefined) return knownAnswer(error, spread);
  return writeProblem("answers", answer(error as never, request as never));
}
