import type { Frame } from "../live/frame.ts";
import { element, find, mark, say } from "./dom.ts";
import { count } from "./figures.ts";

const most = 7;

/** What layers announce, what began last first; what is going on now is marked. */
export function tape(): (frame: Frame) => void {
  const list = find<HTMLOListElement>("#tape ol");
  const rows = Array.from({ length: most }, (_, index) => {
    const [what, when, times] = [element("span", "what"), element("span", "when"), element("b", "", "")];
    const root = element("li", "", when, what, times);
    root.hidden = index > 0;
    return { root, what, when, times };
  });
  list.append(...rows.map(({ root }) => root));
  return ({ events, point }) => {
    for (const [index, { root, what, when, times }] of rows.entries()) {
      const entry = events[index];
      root.hidden = entry === undefined && index > 0;
      mark(root, "now", String(entry !== undefined && point.at - entry.last < 1500));
      say(what, entry?.what ?? "Nothing yet.");
      say(when, entry === undefined ? "" : ago(point.at - entry.last));
      say(times, entry === undefined ? "" : `× ${count(entry.count)}`);
    }
  };
}

function ago(ms: number): string {
  if (ms < 1500) return "now";
  return ms < 60_000 ? `${count(ms / 1000)} s ago` : `${count(ms / 60_000)} min ago`;
}
