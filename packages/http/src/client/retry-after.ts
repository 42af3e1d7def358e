import { requireNumber } from "@sluice/core/kit";
import { parseHttpDate } from "./http-date.ts";

/**
 * The delay of a `Retry-After` header, in milliseconds. The header has whole seconds, or a date in one of the three forms of RFC 9110,
 * section 5.6.7; a past date gives 0. Undefined for anything else.
 *
 * @example
 * parseRetryAfter("120", Date.now()); // 120_000
 *
 * @param value the value of the header; null or undefined where there is none
 * @param now the time from which the delay to a date counts, in milliseconds since 1970. {@link retryAfterOf} uses the response's `Date`
 * @throws TypeError | RangeError when `now` is not a finite number of 0 or more
 */
export function parseRetryAfter(value: string | null | undefined, now: number): number | undefined {
  requireNumber("parseRetryAfter", "now", now, { min: 0 });
  return typeof value === "string" ? delayOf(value, now) : undefined;
}

/**
 * The delay of a response's `Retry-After`, in milliseconds; undefined where there is none, or it is neither seconds nor a date. The delay
 * to a date counts from the response's `Date`, plus its `Age` where it comes from a cache, so that the two clocks need not agree.
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
  // A year with two digits gets its century from the other date.
  const date = sent === null ? undefined : parseHttpDate(sent, now ?? parseHttpDate(value, 0) ?? 0);
  const received = date === undefined ? now : date + (parseSeconds(headers.get("age") ?? "") ?? 0);
  return received === undefined ? parseSeconds(value) : delayOf(value, received);
}

/** @param now may be before 1970, where the clock of a server says so */
function delayOf(value: string, now: number): number | undefined {
  const seconds = parseSeconds(value);
  if (seconds !== undefined) return seconds;
  const date = parseHttpDate(value.trim(), now);
  return date === undefined ? undefined : Math.max(date - now, 0);
}

/** Whole seconds, in milliseconds, at most `Number.MAX_SAFE_INTEGER`. */
function parseSeconds(value: string): number | undefined {
  const text = value.trim();
  return /^\d+$/.test(text) ? Math.min(Number(text) * 1_000, Number.MAX_SAFE_INTEGER) : undefined;
}
