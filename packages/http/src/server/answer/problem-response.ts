import { type Problem, type WrittenProblem, writeProblem } from "./problem.ts";

/**
 * The response for a problem: `application/problem+json` of RFC 9457.
 *
 * @example
 * return problemResponse({ status: 402, title: "No credit is left", retryAfter: 60_000 });
 *
 * @throws TypeError | RangeError when a member is not in its range
 */
export function problemResponse(problem: Problem): Response {
  return responseOf(writeProblem("problemResponse", problem));
}

/** @param make the class of the response: a runtime's own may be cheaper than the global one */
export function responseOf({ status, headers, body }: WrittenProblem, make: typeof Response = Response): Response {
  return new make(body, { status, headers: { ...headers } });
}
