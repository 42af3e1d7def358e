import { isRefusal, type RefusalError } from "@sluice/core";
import { type Problem, type WrittenProblem, wholeSeconds, writeProblem } from "./problem.ts";
import type { Spread } from "./spread.ts";

/** The failures that every edge answers by itself, by their `code`. */
export type KnownCode =
  | "ERR_SLUICE_OVERLOADED"
  | "ERR_SLUICE_BUFFER_CLOSED"
  | "ERR_SLUICE_CIRCUIT_OPEN"
  | "ERR_SLUICE_TIMEOUT"
  | "ERR_SLUICE_ROUTE_NOT_FOUND"
  | "ERR_SLUICE_HTTP_BODY_TOO_LARGE"
  | "ERR_SLUICE_HTTP_STATUS"
  | "ERR_SLUICE_HTTP_NETWORK";

/** Writes an answer once, to be sent many times. */
const written = (problem: Problem): WrittenProblem => Object.freeze(writeProblem("problem", problem));

/** Registered by draft-ietf-httpapi-ratelimit-headers-10. */
const registered = "https://iana.org/assignments/http-problem-types#";
const tooMany = written({
  status: 429,
  type: `${registered}quota-exceeded`,
  title: "Request cannot be satisfied as assigned quota has been exceeded",
});
const noCapacity = written({
  status: 503,
  type: `${registered}temporary-reduced-capacity`,
  title: "Request cannot be satisfied due to temporary server capacity constraints",
});
const unavailable = written({ status: 503 });
const badGateway = written({ status: 502 });

/**
 * For a timeout. The abandoned handler may still write, and a framework then destroys its socket (Express does), which could by then serve
 * another request: so the connection is not used again.
 */
export const timedOut: WrittenProblem = written({ status: 504, headers: { connection: "close" } });

/** For an undeclared error: it says nothing about the error. */
export const undeclared: WrittenProblem = written({ status: 500 });

/** Failures that are not refusals. */
const byCode: ReadonlyMap<unknown, WrittenProblem> = new Map<KnownCode, WrittenProblem>([
  ["ERR_SLUICE_TIMEOUT", timedOut],
  ["ERR_SLUICE_ROUTE_NOT_FOUND", written({ status: 404 })],
  ["ERR_SLUICE_HTTP_BODY_TOO_LARGE", written({ status: 413 })],
  ["ERR_SLUICE_HTTP_STATUS", badGateway],
  ["ERR_SLUICE_HTTP_NETWORK", badGateway],
]);

/** Reasons other than the capacity of this server. */
const byReason: ReadonlyMap<unknown, WrittenProblem> = new Map([
  ["rate", tooMany],
  ["closed", unavailable],
  ["circuit", unavailable],
]);

/** The answer to a known failure; undefined for any other. Never throws. */
export function knownAnswer(error: unknown, spread: Spread): WrittenProblem | undefined {
  if (isRefusal(error)) return refusalAnswer(error, spread);
  return byCode.get(codeOf(error));
}

/** The answer to a refusal, also to one with an unknown reason. */
export function refusalAnswer(
  { reason, retryAfter }: Pick<RefusalError, "reason" | "retryAfter">,
  spread: Spread,
): WrittenProblem {
  const { status, headers, body, length } = byReason.get(reason) ?? noCapacity;
  const known = typeof retryAfter === "number" && retryAfter >= 0;
  return { status, headers: { ...headers, "retry-after": wholeSeconds(known ? retryAfter : spread()) }, body, length };
}

/** The `code` of an error; undefined where there is none. Never throws. */
export function codeOf(error: unknown): string | undefined {
  try {
    const { code } = error as { readonly code?: unknown };
    return typeof code === "string" ? code : undefined;
  } catch {
    // Anything at all may have been thrown: undefined, null, a proxy that was revoked.
    return undefined;
  }
}
