import type { WaitingLine } from "../contract/waiting-line.ts";
import { requireFunction, requireMethods, show } from "./check.ts";

/**
 * The line that the option `line` of a limit makes.
 *
 * @param serve what the line calls when a newcomer may be served again, and when a waiter has left
 * @throws TypeError when `make` is not a function, throws, or returns no line
 */
export function requireLine<Grant, Err = never>(
  owner: string,
  make: (serve: () => void) => WaitingLine<Grant, any, Err>,
  serve: () => void,
): WaitingLine<Grant, any, Err> {
  requireFunction(owner, "line", make);
  const fail = (what: string, cause?: unknown): never => {
    const wanted = "a function that returns a line (with blocks, join, grant)";
    throw new TypeError(`${owner}: line must be ${wanted}; received a function that ${what}`, { cause });
  };
  let line: WaitingLine<Grant, any, Err>;
  try {
    line = make(serve);
  } catch (error) {
    return fail("throws", error);
  }
  try {
    requireMethods(owner, "line", line, "a line", ["blocks", "join", "grant"]);
  } catch {
    return fail(`returns ${show(line)}`);
  }
  return line;
}
