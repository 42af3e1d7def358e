// Tests the packed packages in every runtime: node tests/runtimes/run.ts <folder> <system's node> The folder is a project that has them
// installed. The results are compared with the table in the README.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { binaryOf } from "./host/binary.ts";
import { runBrowser } from "./host/browser.ts";
import { bundleAll } from "./host/bundle.ts";
import { runProgram } from "./host/program.ts";
import { differences, tableIn } from "./host/table.ts";
import { runWorkerd } from "./host/workerd.ts";
import type { Result } from "./suite.ts";

/** The head of its column: with the tested version, which is the installed one. */
function headed(title: string, runtime: string): string {
  const file = join(import.meta.dirname, "../package.json");
  const { devDependencies } = JSON.parse(readFileSync(file, "utf8")) as {
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  return `${title} ${devDependencies[runtime]?.replace(/\.\d+$/, "")}`;
}

const [project, systemNode] = process.argv.slice(2);
if (project === undefined || systemNode === undefined) {
  throw new Error("usage: node tests/runtimes/run.ts <folder> <system's node>");
}
const bundle = await bundleAll(project);

/** By the column of the table. Runtimes of one column must have the same results. */
const runs: readonly { column: string; name: string; run: () => Promise<readonly Result[] | undefined> }[] = [
  { column: "Node.js", name: "the system's Node", run: () => runProgram(systemNode, [bundle("node")], project) },
  { column: "Node.js", name: "Node 24", run: () => runProgram(process.execPath, [bundle("node")], project) },
  {
    column: headed("Deno", "deno"),
    name: "Deno",
    run: () => runProgram(binaryOf("deno"), ["run", "--allow-all", "--no-remote", bundle("deno")], project),
  },
  { column: headed("Bun", "bun"), name: "Bun", run: () => runProgram(binaryOf("bun"), [bundle("bun")], project) },
  { column: "Workers", name: "workerd of today", run: () => runWorkerd(bundle("worker"), "2026-11-01", []) },
  // Two years ago, when nodejs_compat was not a default.
  {
    column: "Workers",
    name: "workerd as of 2024",
    run: () => runWorkerd(bundle("worker"), "2024-10-14", ["nodejs_compat"]),
  },
  {
    column: "Workers without `nodejs_compat`",
    name: "workerd as of 2024, without nodejs_compat",
    run: () => runWorkerd(bundle("worker"), "2024-10-14", []),
  },
  {
    column: "Chromium",
    name: "Chromium",
    run: () => runBrowser({ page: bundle("page"), worker: bundle("service-worker") }),
  },
];

const table = tableIn(readFileSync(join(import.meta.dirname, "../../README.md"), "utf8"));
let failed = false;
for (const { column, name, run } of runs) {
  const began = performance.now();
  const results = await run().catch((error: unknown): readonly Result[] => [
    { feature: "layers", name: "the suite itself", outcome: "failed", detail: String(error) },
  ]);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  if (results === undefined) {
    console.log(`SKIPPED ${name}: there is none on this machine`);
    continue;
  }
  const wrong = [
    ...results
      .filter(({ outcome }) => outcome === "failed")
      .map(({ feature, name: tried, detail }) => `${feature}: ${tried}\n${detail}`),
    ...differences(table, column, results),
  ];
  failed ||= wrong.length > 0;
  console.log(`${wrong.length === 0 ? "ok     " : "FAILED "} ${name}: ${results.length} tried in ${seconds} s`);
  for (const each of wrong) console.log(each.replace(/^/gm, "          "));
}
process.exitCode = failed ? 1 : 0;
