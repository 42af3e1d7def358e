/** A script and the SHA-1 digest of its text, in hexadecimal, by which a server knows it. */
export interface Script {
  readonly text: string;
  readonly digest: string;
}

/**
 * Sends one command, given as its name and its arguments, and returns the reply. `key` is the key that the command uses: clients of a
 * cluster choose the node by it.
 */
export type Send = (args: [string, ...string[]], key: string) => PromiseLike<unknown>;

/**
 * Runs a script by its digest, or by its text where the server does not know the digest: after a restart or SCRIPT FLUSH, on a new node, or
 * after an eviction. The server then knows it.
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

/** Servers answer "NOSCRIPT No matching script"; some clients replace the message ("NoScriptError: …"). */
function isUnknownScript(error: unknown): boolean {
  try {
    return /noscript/i.test(String((error as { readonly message?: unknown } | undefined)?.message ?? error));
  } catch {
    // An error whose message cannot be read is another error.
    return false;
  }
}
