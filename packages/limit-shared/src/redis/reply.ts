/** A reply that is no answer to the question: something between the library and the store is broken. */
function rubbish(script: string, wanted: string): Error {
  return new Error(`redisStore: send answered ${script} with something else than ${wanted}`);
}

/**
 * The numbers and strings of a reply, after the echo of the question. The echo tells an answer from one to another question: a connection that
 * lost count of its replies would otherwise hand out the tokens of another key.
 *
 * @throws Error when the reply is none of the script's, or one to another question
 */
export function readReply(script: string, reply: unknown, echo: string, least: number): readonly string[] {
  if (!Array.isArray(reply) || reply.length < least + 1) throw rubbish(script, "the script's reply");
  const [first, ...rest] = reply.map(textOf);
  if (first !== echo) throw rubbish(script, "the reply to this question");
  return rest;
}

/** A finite number in a reply. @throws Error when it is none */
export function readNumber(script: string, value: string | undefined): number {
  const number = Number(value);
  if (value === undefined || value === "" || !Number.isFinite(number)) throw rubbish(script, "the script's numbers");
  return number;
}

/** A whole number in a reply, from 0 to `max`. @throws Error when it is none */
export function readCount(script: string, value: string | undefined, max: number = Number.MAX_SAFE_INTEGER): number {
  const count = readNumber(script, value);
  if (!Number.isInteger(count) || count < 0 || count > max) throw rubbish(script, "the script's numbers");
  return count;
}

/** Clients hand out strings; those that were asked for bytes, bytes. */
function textOf(value: unknown): string {
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value);
}
