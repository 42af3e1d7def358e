// One variant in a separate process, so that it does not run code that was optimized for another.
import { pathToFileURL } from "node:url";
import type { Figures, Question } from "./question.ts";

/** A request of the parent. */
export type Asked = "round" | "once";

/** An answer to the parent. The first, after the set-up, says whether a request `once` gives further figures. */
export type Told = { readonly looks: boolean } | { readonly figures: Figures } | { readonly error: string };

const [file, group, name] = process.argv.slice(2) as [string, string, string];
const { question } = (await import(pathToFileURL(file).href)) as { question: Question };
const variant = question.groups[Number(group)]?.variants.find((each) => each.name === name);
if (variant === undefined) throw new RangeError(`There is no variant "${name}".`);

const tell = (told: Told): void => {
  process.send?.(told);
};
const fail = (error: unknown): void => {
  tell({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
};

try {
  const subject = await variant.prepare();
  process.on("message", (asked: Asked) => {
    void (subject[asked] ?? (() => Promise.resolve({})))().then((figures) => {
      tell({ figures });
    }, fail);
  });
  tell({ looks: subject.once !== undefined });
} catch (error) {
  fail(error);
}
// The parent has ended, so this process ends.
process.once("disconnect", () => process.exit());
