import { longestTimer, requireName } from "@sluice/core/kit";

/** The header in which a client says how many milliseconds it still waits. */
const defaultTimeoutHeader = "x-timeout-ms";

/**
 * The name of the header, in lower case, as node:http and `Headers` have it; undefined where none is looked at.
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
 * What is left of the client's time, in milliseconds; undefined where the header says nothing, is malformed, or says more than a timer can
 * be set for. A client can only shorten the time that it is given.
 */
export function timeLeft(value: unknown): number | undefined {
  if (typeof value !== "string" || !/^\d{1,10}$/.test(value)) return undefined;
  const ms = Number(value);
  return ms > longestTimer ? undefined : ms;
}
