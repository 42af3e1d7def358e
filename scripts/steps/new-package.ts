import { cpSync, globSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { delimiter, join, relative, sep } from "node:path";
import { command, eachOfTwo, root } from "../command.ts";
import type { Context, Outcome } from "./step.ts";

/** The packages that `pnpm new-package` makes, in each of its shapes. */
const made = [
  { noun: "sample-middleware", options: [] },
  { noun: "sample-gate", options: ["--gate"] },
] as const;

/** Files that are made again in the copy. */
const left = new Set(["node_modules", "dist", "coverage", ".turbo", ".git", "generated"]);

/** Temporary files of tools beside their configuration: they may be gone before they are copied. */
const fleeting = /\.(bundled_|timestamp-)/;

/** In a copy of the workspace, `pnpm new-package` makes packages that pass all checks without changes. */
export async function newPackage({ scratch }: Context): Promise<Outcome> {
  const copy = join(scratch, "new-package");
  mkdirSync(copy);
  cpSync(root, copy, {
    recursive: true,
    filter: (source) =>
      !relative(root, source)
        .split(sep)
        .some((name) => left.has(name) || fleeting.test(name)),
  });
  const bin = join(copy, "node_modules/.bin");
  const env = { ...process.env, PATH: [bin, process.env["PATH"]].join(delimiter) };
  for (const { noun, options } of made) {
    const sentence = "Does nothing yet, and does it well.";
    const ended = await command("node", ["scripts/new-package.ts", noun, sentence, ...options], { cwd: copy, env });
    if (!ended.ok) return { ok: false, broken: "pnpm new-package itself fails.", output: ended.output };
  }
  const folders = made.map(({ noun }) => `packages/${noun}`);
  // The steps below check only the new packages: the rest of the documentation has its own step.
  for (const page of globSync(["*.md", "docs/**/*.md", "{packages,apps}/*/README.md", "*/README.md"], { cwd: copy })) {
    if (!folders.some((folder) => page.startsWith(folder))) rmSync(join(copy, page));
  }
  const checks: readonly (readonly [file: string, args: readonly string[], cwd?: string])[] = [
    ["vitest", ["run", ...walks(copy)]],
    ["node", ["scripts/test.ts", "--only", "format,sherif,manifests,lock file,knip,docs"]],
    ["oxlint", folders],
    ["vitest", ["run", ...covered]],
    ...[...folders, "tests", "."].map((folder) => ["tsc", ["--pretty", "false", "--project", folder]] as const),
    ...folders.map((folder) => ["sh", ["-c", "pnpm build && size-limit"], join(copy, folder)] as const),
  ];
  const ends = await eachOfTwo(checks, async ([file, args, cwd = copy]) => {
    const { ok, output } = await command(file, args, { cwd, env });
    return ok ? [] : [`${[file, ...args].join(" ")}\n${output}`];
  });
  const output = ends.flat().join("\n\n");
  return output === ""
    ? { ok: true, summary: `${made.length} packages, ${checks.length} checks` }
    : { ok: false, broken: "What pnpm new-package makes does not pass as it comes.", output };
}

/** The tests of the new packages, with their coverage. By path: with `--project`, nothing counts as covered. */
const covered = [
  ...made.map(({ noun }) => `packages/${noun}`),
  "--coverage",
  "--coverage.reporter=text",
  ...made.map(({ noun }) => `--coverage.include=packages/${noun}/src/**`),
];

/**
 * The tests that find every package by its files: those that name the new packages, and those of all layers together. Random tests have a
 * separate step.
 */
function walks(copy: string): readonly string[] {
  const finding = globSync("test/*.test.ts", { cwd: join(copy, "tests") }).filter((file) =>
    /helper\/(each-layer|option-rows)\.ts/.test(readFileSync(join(copy, "tests", file), "utf8")),
  );
  const named = String.raw`\bsample|\ball\b|the table of options has`;
  return ["--project", "tests", "--testNamePattern", named, ...finding.map((file) => `tests/${file}`)];
}
