import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { command, eachOfTwo, root } from "../command.ts";
import { seeded } from "../seeded.ts";
import { untrue, written } from "./docs/said.ts";
import type { Outcome } from "./step.ts";

/** A program from a page: a block, and the blocks that continue it. */
interface Program {
  readonly page: string;
  readonly file: string;
  /** The program has the same line numbers as the page, so that errors name the page's lines. */
  readonly lines: string[];
  runs: boolean;
}

/**
 * Every block marked `ts` in a README.md or in docs/ is type-checked, and run to its end. What a comment behind a `console.log` says must be printed.
 * `ts no-run` is only type-checked; `ts continues` is one program with the block before it.
 */
export async function docs(): Promise<Outcome> {
  const pages = globSync(
    ["*.md", "docs/**/*.md", "{packages,apps}/*/README.md", "{examples,benchmarks,tests}/README.md"],
    {
      cwd: root,
    },
  ).sort();
  const problems: string[] = [];
  const programs = pages.flatMap((page) => read(page, problems));

  // Next to the tests that depend on everything, so that imports find the workspace; one folder for each run.
  const generated = join(root, "tests/generated");
  mkdirSync(generated, { recursive: true });
  const folder = mkdtempSync(join(generated, "docs-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  for (const { file, lines } of programs) writeFileSync(join(folder, file), `${lines.join("\n")}\n`);
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(configuration));

  if (programs.length > 0) {
    const checked = await command("tsc", ["--pretty", "false", "--project", join(folder, "tsconfig.json")]);
    if (!checked.ok) problems.push(byPage(checked.output, programs));
  }
  await eachOfTwo(
    programs.filter(({ runs }) => runs),
    async ({ page, file, lines }) => {
      const printed = join(folder, `${file}.printed`);
      const env = { ...process.env, SLUICE_PRINTED: printed };
      const ended = await command("node", [...seeded, ...written, join(folder, file)], { within: 60, env });
      if (!ended.ok) problems.push(`${page}: a block does not run\n${byPage(ended.output, programs)}`);
      else problems.push(...untrue(page, lines, printed));
    },
  );
  if (problems.length > 0) {
    return {
      ok: false,
      broken: "The documentation contains code that does not work.",
      output: problems.join("\n\n"),
    };
  }
  const running = programs.filter(({ runs }) => runs).length;
  return {
    ok: true,
    summary: `${programs.length} programs on ${pages.length} pages, ${running} of them run`,
  };
}

const configuration = {
  extends: "../../../tsconfig.base.json",
  compilerOptions: {
    // A page may show a value without using it.
    noUnusedLocals: false,
    noUnusedParameters: false,
    isolatedDeclarations: false,
    declaration: false,
  },
  include: ["*.ts"],
};

function read(page: string, problems: string[]): Program[] {
  const programs: Program[] = [];
  const lines = readFileSync(join(root, page), "utf8").split("\n");
  for (let index = 0; index < lines.length; index++) {
    const [, indent = "", fence, info = ""] = /^(\s*)(`{3,}|~{3,})\s*(.*?)\s*$/.exec(lines[index]!) ?? [];
    if (fence === undefined) continue;
    const end = lines.findIndex((line, later) => later > index && line.trim() === fence);
    if (end < 0) {
      problems.push(`${page}:${index + 1}: the block is never closed`);
      break;
    }
    const [language, ...words] = info.split(/\s+/);
    if (language === "ts" || language === "typescript") {
      const unknown = words.filter((word) => word !== "no-run" && word !== "continues");
      if (unknown.length > 0) problems.push(`${page}:${index + 1}: "${unknown.join(" ")}" means nothing here`);
      let program = words.includes("continues") ? programs.at(-1) : undefined;
      if (program === undefined) {
        const file = `${page.replaceAll(/[/.]/g, "-")}-${index + 1}.ts`;
        program = { page, file, lines: [], runs: true };
        programs.push(program);
      }
      if (words.includes("no-run")) program.runs = false;
      while (program.lines.length <= index) program.lines.push("");
      program.lines.push(...lines.slice(index + 1, end).map((line) => line.replace(indent, "")));
    }
    index = end;
  }
  return programs;
}

/** A tool's messages about the programs, with the names of the pages. */
function byPage(output: string, programs: readonly Program[]): string {
  return programs.reduce(
    (text, { page, file }) => text.replaceAll(new RegExp(`[^\\s(]*${file.replaceAll(".", "\\.")}`, "g"), page),
    output,
  );
}
