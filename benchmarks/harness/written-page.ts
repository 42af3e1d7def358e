import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Writes the results of a command between two comments of a page. The rest of the page is written by hand.
 *
 * @param page from the root of the repository
 * @param command the name in the first of the two comments
 * @returns the path of the page
 */
export function writeBetween(page: string, command: string, parts: readonly string[]): string {
  const path = join(import.meta.dirname, "../..", page);
  const begin = `<!-- ${command} writes what follows -->`;
  const end = `<!-- up to here: ${command} -->`;
  const text = readFileSync(path, "utf8");
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${path} has no "${begin}" with "${end}" after it.`);
  const written = [begin, ...parts, end].join("\n\n");
  writeFileSync(path, text.slice(0, from) + written + text.slice(to + end.length));
  execFileSync("oxfmt", [path], { stdio: "inherit" });
  return path;
}
