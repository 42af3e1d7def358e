// One variant in a process of its own, so that none runs on code that was optimized for another.
import { pathToFileURL } from "node:url";
import type { Figures, Question } from "./question.ts";

/** What the parent asks for. */
export type Asked = "round" | "once";

/** What it is told: first, once it is prepared, whether there is more to see in a look, asked `once`. */
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
// The parent is gone: so is the question.
process.once("disconnect", () => process.exit());
