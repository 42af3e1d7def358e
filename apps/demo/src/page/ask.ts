import { find, say } from "./dom.ts";

/** Asks the server for a change, and says in the status line what came of it. Never fails. */
export async function ask(path: string, done: string): Promise<void> {
  const status = find("#status");
  try {
    const { ok } = await fetch(path, { method: "POST" });
    say(status, ok ? done : "That could not be done.");
  } catch {
    say(status, "The demo does not answer.");
  }
}
