/** The error for a reply that does not answer the question: something between the library and the store is broken. */
function rubbish(script: string, wanted: string): Error {
  return new Error(`redisStore: send answered ${script} with something other than ${wanted}`);
}

/**
 * The numbers and strings of a reply, after the echo of the question. The echo shows that the reply answers this question: a connection
 * that lost count of its replies would otherwise give out the tokens of another key.
 *
 * @throws Error when the reply is not the script's, or answers another question
 */
export function readReply(script: string, reply: unknown, echo: string, least: number): readonly string[] {
  if (!Array.isArray(reply) || reply.length < least + 1) throw rubbish(script, "the script's reply");
  const [first, ...rest] = reply.map(textOf);
  if (first !== echo) throw rubbish(script, "the reply to this question");
  return rest;
}

/** A finite number in a reply. @throws Error when it is not one */
export function readNumber(script: string, value: string | undefined): number {
  const number = Number(value);
  if (value === undefined || value === "" || !Number.isFinite(number)) throw rubbish(script, "the script's numbers");
  return number;
}

/** A whole number in a reply, from 0 to `max`. @throws Error when it is not one */
export function readCount(script: string, value: string | undefined, max: number = Number.MAX_SAFE_INTEGER): number {
  const count = readNumber(script, value);
  if (!Number.isInteger(count) || count < 0 || count > max) throw rubbish(script, "the script's numbers");
  return count;
}

/** Clients return strings, or bytes where they are set up for bytes. */
function textOf(value: unknown): string {
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value);
}
