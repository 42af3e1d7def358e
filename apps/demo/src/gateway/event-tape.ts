import { events, type LayerEvent } from "@sluice/core";
import type { TapeEntry } from "./tape-entry.ts";

/** After so many ms without, it is something new. */
const quiet = 5000;

/** Listens from now on. What it answers with has all that was heard, what began last first. */
export function recordEvents(now: () => number = Date.now): () => readonly TapeEntry[] {
  const entries = new Map<string, { what: string; count: number; since: number; last: number }>();
  events.subscribe((event) => {
    const what = wordsOf(event);
    const at = now();
    let entry = entries.get(what);
    if (entry === undefined) entries.set(what, (entry = { what, count: 0, since: at, last: at }));
    if (at - entry.last > quiet) entry.since = at;
    entry.last = at;
    entry.count++;
  });
  return () => Array.from(entries.values(), (entry) => ({ ...entry })).sort((a, b) => b.since - a.since);
}

/** There are few of these, however many events: nothing in them is of one request. */
function wordsOf({ layer, type, by, phase, reason, from, to, settled }: LayerEvent): string {
  const words = [layer];
  if (type !== layer) words.push(type);
  if (typeof by === "string") words.push(`by ${by}`);
  for (const word of [phase, reason]) if (typeof word === "string") words.push(word);
  if (typeof from === "string" && typeof to === "string") words.push(`${from} to ${to}`);
  if (settled === true) words.push("settled since");
  return words.join(" · ");
}
