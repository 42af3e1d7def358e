import { requireNumber } from "@sluice/core/kit";
import { parseHttpDate } from "./http-date.ts";

/**
 * In how many milliseconds a `Retry-After` header wants the request again: whole seconds, or a date in one of the three forms of
 * RFC 9110, section 5.6.7; 0 for a date that has passed. Undefined for anything else.
 *
 * @example
 * parseRetryAfter("120", Date.now()); // 120_000
 *
 * @param value the value of the header; null or undefined where there is none
 * @param now what a date is measured against, in milliseconds since 1970. See {@link retryAfterOf}, which knows the response's own `Date`
 * @throws TypeError | RangeError when `now` is not a finite number of 0 or more
 */
export function parseRetryAfter(value: string | null | undefined, now: number): number | undefined {
  requireNumber("parseRetryAfter", "now", now, { min: 0 });
  if (typeof value !== "string") return undefined;
  const seconds = parseSeconds(value);
  if (seconds !== undefined) return seconds;
  const date = parseHttpDate(value.trim(), now);
  return date === undefined ? undefined : Math.max(date - now, 0);
}

/**
 * In how many milliseconds a response wants the request again, by its `Retry-After`; undefined where it does not say, or says what is
 * neither seconds nor a date. A date is measured against the response's own `Date`, plus its `Age` where it comes from a cache, so that the
 * clocks of the two sides need not agree.
 *
 * @example
 * retryAfterOf(response.headers); // 120_000
 *
 * @param now milliseconds since 1970, for a date in a response without a `Date`; default: such a date is undefined
 * @throws TypeError | RangeError when `now` is given and not a finite number of 0 or more
 */
export function retryAfterOf(headers: Pick<Headers, "get">, now?: number): number | undefined {
  if (now !== undefined) requireNumber("retryAfterOf", "now", now, { min: 0 });
  const value = headers.get("retry-after");
  if (value === null) return undefined;
  const sent = headers.get("date");
  // Where a year has two digits, the other date says which century is meant.
  const date = sent === null ? undefined : parseHttpDate(sent, now ?? parseHttpDate(value, 0) ?? 0);
  const received = date === undefined ? now : date + (parseSeconds(headers.get("age") ?? "") ?? 0);
  return received === undefined ? parseSeconds(value) : parseRetryAfter(value, received);
}

/** Whole seconds, in milliseconds. However many digits there are, it stays a number that can be compared. */
function parseSeconds(value: string): number | undefined {
  const text = value.trim();
  return /^\d+$/.test(text) ? Math.min(Number(text) * 1_000, Number.MAX_SAFE_INTEGER) : undefined;
}
