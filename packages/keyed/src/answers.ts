import type { Gate } from "@sluice/core";
import { readOption, requireFunction, requireMethods, requireNoPromise, requireOneOf, show } from "@sluice/core/kit";

/**
 * What `key` answers with. A promise is a key of its own each time, and would limit nobody.
 *
 * @throws TypeError when it is a promise
 */
export function requireKey<Key>(owner: string, key: Key): Key {
  requireNoPromise(owner, "key", "a key", key);
  return key;
}

/**
 * What `gate` answers with.
 *
 * @throws TypeError | RangeError when it is no gate, or does not say when it may be forgotten
 */
export function requireGate<Req, Err>(owner: string, gate: Gate<Req, Err>): Gate<Req, Err> {
  const what = "what gate returns";
  requireMethods(owner, what, gate, "a gate", ["tryAcquire", "acquire"]);
  const read = (member: string): unknown => readOption(owner, gate, member, `${what}.${member}`);
  const idle = read("idle");
  if (typeof idle !== "boolean") {
    throw new TypeError(
      `${owner}: ${what} must say when it may be forgotten, by a boolean idle; received ${show(idle)} for it`,
    );
  }
  for (const method of ["admitted", "retryAfter"]) {
    const given = read(method);
    if (given !== undefined) requireFunction(owner, `${what}.${method}`, given);
  }
  const holds = read("holds");
  if (holds !== undefined) requireOneOf(owner, `${what}.holds`, holds, ["work", "answer", "start"]);
  return gate;
}
