import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Goal, Question, Subject, Variant } from "../harness/question.ts";

const root = join(import.meta.dirname, "../..");
const nouns = ["core", "limit", "retry", "load-shed", "buffer", "timeout", "trace", "util", "util-box"];
const names = nouns.map((noun) => `@sluice/${noun}`);

interface Weighed {
  readonly name: string;
  readonly size: number;
}

/** The result of size-limit: minified and gzipped; packages that depend on core are counted without it. */
function weighed(noun: string): Variant {
  const prepare = (): Subject => {
    const program = join(root, "node_modules/.bin/size-limit");
    const output = execFileSync(program, ["--json"], { cwd: join(root, "packages", noun), encoding: "utf8" });
    const sizes = (JSON.parse(output) as readonly Weighed[]).map(({ size }) => size);
    return { once: () => Promise.resolve({ bytes: Math.max(...sizes) }) };
  };
  return { name: noun, by: "sluice", prepare };
}

/** How long the imports take in a new process, after Node's loader has warmed up. */
function imported(name: string, by: Variant["by"], modules: () => readonly string[]): Variant {
  const prepare = async (): Promise<Subject> => {
    await import("node:querystring");
    const wanted = modules();
    return {
      round: async () => {
        const began = performance.now();
        await Promise.all(wanted.map((each) => import(each)));
        return { ms: performance.now() - began };
      },
    };
  };
  return { name, by, prepare, fresh: true };
}

/** As many empty files as the packages have: the cost of Node's loader. */
function emptyFiles(): string[] {
  const folder = mkdtempSync(join(tmpdir(), "sluice-"));
  process.once("exit", () => rmSync(folder, { recursive: true }));
  return [...names, "@sluice/core/internal", "what they share"].map((_, index) => {
    const file = join(folder, `${index}.mjs`);
    writeFileSync(file, "export {};\n");
    return pathToFileURL(file).href;
  });
}

const budgets: Goal[] = nouns.map((of) => ({ of, figure: "bytes", most: of === "core" ? 4_000 : 1_500 }));

export const question: Question = {
  title: "How large are the packages, and how long do they take to start?",
  about:
    "The size is that of the largest import that has a budget in the package's manifest, minified and gzipped, without `core` where that is a dependency. The start-up is one `import` of what " +
    "was built, files read and compiled, in a new process each round; each package brings `core` along.",
  groups: [
    {
      title: "Minified and gzipped",
      columns: [{ figure: "bytes", label: "bytes" }],
      variants: nouns.map((noun) => weighed(noun)),
      goals: budgets,
      rounds: 0,
    },
    {
      title: "Start-up",
      columns: [{ figure: "ms", label: "ms", digits: 2 }],
      variants: [
        imported("as many empty files", "hand", emptyFiles),
        imported("all packages", "sluice", () => names),
        ...names.map((name) => imported(name, "sluice", () => [name])),
      ],
      reference: "as many empty files",
      goals: [{ of: "all packages", figure: "ms", most: 2 }],
      rounds: 7,
    },
  ],
};
