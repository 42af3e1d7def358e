import { longestTimer, requireName } from "@sluice/core/kit";

/** The header with the milliseconds for which a client still waits. */
const defaultTimeoutHeader = "x-timeout-ms";

/**
 * The name of the header in lower case, as in node:http and `Headers`; undefined where no header is read.
 *
 * @throws TypeError when it is neither false nor the name of a header
 */
export function readTimeoutHeader(owner: string, name: string | false = defaultTimeoutHeader): string | undefined {
  if (name === false) return undefined;
  requireName(owner, name, "timeoutHeader");
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
    throw new TypeError(`${owner}: timeoutHeader must be the name of a header; received ${JSON.stringify(name)}`);
  }
  return name.toLowerCase();
}

/**
 * The client's remaining time, in milliseconds; undefined where the header is missing, malformed, or above 2^31-1. So a client can only
 * shorten its time.
 */
export function timeLeft(value: unknown): number | undefined {
  if (typeof value !== "string" || !/^\d{1,10}$/.test(value)) return undefined;
  const ms = Number(value);
  return ms > longestTimer ? undefined : ms;
}
