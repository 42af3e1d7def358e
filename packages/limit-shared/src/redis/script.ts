/** A script and the SHA-1 digest of its text, in hexadecimal: what a server that knows the script goes by. */
export interface Script {
  readonly text: string;
  readonly digest: string;
}

/**
 * Sends one command, given as its name and its arguments, and answers with the reply. `key` is the key that the command is about: clients of a
 * cluster choose the node by it.
 */
export type Send = (args: [string, ...string[]], key: string) => PromiseLike<unknown>;

/**
 * Runs a script by its digest, and sends it whole where the server does not know it: after a restart, SCRIPT FLUSH, on a node that has never
 * seen it, or where the server has evicted it. The server then knows it.
 */
export async function run(
  send: Send,
  script: Script,
  keys: readonly [string, ...string[]],
  args: readonly string[],
): Promise<unknown> {
  const rest = [String(keys.length), ...keys, ...args];
  try {
    return await send(["EVALSHA", script.digest, ...rest], keys[0]);
  } catch (error) {
    if (!isUnknownScript(error)) throw error;
  }
  return send(["EVAL", script.text, ...rest], keys[0]);
}

/** Servers answer "NOSCRIPT No matching script"; some clients put it into words of their own ("NoScriptError: …"). */
function isUnknownScript(error: unknown): boolean {
  try {
    return /noscript/i.test(String((error as { readonly message?: unknown } | undefined)?.message ?? error));
  } catch {
    // An error that cannot be read is not that one.
    return false;
  }
}
