import { existsSync, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { join } from "node:path";

/** What a program printed. */
interface Printed {
  /** Of the program. */
  readonly line: number;
  readonly text: string;
}

/** Arguments of `node` with which a program writes to the file in `SLUICE_PRINTED` what it prints. */
export const written: readonly string[] = ["--import", pathToFileURL(join(import.meta.dirname, "printed.ts")).href];

/** A comment behind a `console.log` says what that prints, up to a colon or to its end. */
const said = /^\s*(?:if \(.*\) )?console\.log\(.*\); \/\/ (.*)$/;

/**
 * Where a program printed something else than the comment behind its `console.log` says. `…` in a comment stands for anything.
 *
 * @param file what the program has written
 */
export function untrue(page: string, lines: readonly string[], file: string): string[] {
  const printed: readonly Printed[] = existsSync(file)
    ? readFileSync(file, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Printed)
    : [];
  return lines.flatMap((line, index) => {
    const [, comment] = said.exec(line) ?? [];
    if (comment === undefined) return [];
    const texts = printed.filter((each) => each.line === index + 1).map(({ text }) => text.replaceAll(/\s+/g, " "));
    if (texts.some((text) => says(comment, text))) return [];
    const what = texts.length > 0 ? texts.join(" | ") : "nothing";
    return [`${page}:${index + 1}: the comment says "${comment}", and ${what} was printed`];
  });
}

/** Whether a comment begins with `text`, and goes on with nothing or a colon. */
function says(comment: string, text: string): boolean {
  const [before, after] = comment.split("…", 2) as [string, string | undefined];
  if (after === undefined) return comment === text || comment.startsWith(`${text}: `);
  return text.startsWith(before) && (after === "" || after.startsWith(":") || text.endsWith(after));
}
