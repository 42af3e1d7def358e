// Measures everything and writes docs/benchmarks.md and its charts:  pnpm bench:report [--quick]
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ask, questions } from "./ask.ts";
import { chartOf } from "./chart.ts";
import { installPeers, peerVersions } from "./peers.ts";
import { type Answered, inWords, machine, type Seen } from "./result.ts";
import { print, tableOf } from "./table.ts";

const { values } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
const docs = join(import.meta.dirname, "../../docs");
const charts = join(docs, "benchmarks");

installPeers();
const answers: Answered[] = [];
for (const name of questions) {
  const answered = await ask(name, values);
  print(answered);
  answers.push(answered);
}

rmSync(charts, { recursive: true, force: true });
mkdirSync(charts);
const path = join(docs, "benchmarks.md");
writeFileSync(path, page());
execFileSync("oxfmt", [path], { stdio: "inherit" });
console.log(`Written: ${path}`);

function page(): string {
  const verdicts = answers.flatMap(({ groups }) => groups.flatMap(({ goals }) => goals));
  const reached = verdicts.filter((verdict) => verdict.reached).length;
  const load = answers.flatMap((answered) => answered.load);
  const [least, most] = [Math.min(...load), Math.max(...load)].map((each) => each.toFixed(1));
  return [
    "# Benchmarks",
    `Written by \`pnpm bench:report\`${values.quick ? ", with `--quick`," : ""} on ${new Date().toISOString().slice(0, 10)}: ${machine()}; load average ${least} to ${most} meanwhile. How it is measured: [benchmarks/README.md](../benchmarks/README.md). The more else the machine does, the wider the lines: believe the ratios, and those of quiet questions more.`,
    `Peers: ${peerVersions()
      .map((peer) => peer.join(" "))
      .join(", ")}.`,
    `In the charts a dot is the median and the line goes from the least to the most of the rounds; the axis is logarithmic. ${reached} of ${verdicts.length} goals are reached; each stands under its table.`,
    ...answers.flatMap((answered) => section(answered)),
    "",
  ].join("\n\n");
}

function section({ name, title, about, groups, seconds, load }: Answered): string[] {
  return [
    `## ${title}`,
    about,
    `\`pnpm bench ${name}\`: ${seconds.toFixed(0)} s, load average ${load.map((each) => each.toFixed(1)).join(" to ")}.`,
    ...groups.flatMap((seen, index) => part(name, index, seen)),
  ];
}

function part(name: string, index: number, seen: Seen): string[] {
  const [head = [], ...body] = tableOf(seen);
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = row(head.map((_, column) => (column === 0 ? "---" : "---:")));
  const goals = seen.goals.map((verdict) => `- ${verdict.reached ? "reached" : "**missed**"}: ${inWords(verdict)}`);
  return [
    `### ${seen.title}`,
    ...drawn(`${name}-${index + 1}.svg`, seen),
    [row(head), rule, ...body.map(row)].join("\n"),
    ...(goals.length > 0 ? [goals.join("\n")] : []),
  ];
}

function drawn(file: string, seen: Seen): string[] {
  const svg = chartOf(seen);
  if (svg === "") return [];
  writeFileSync(join(charts, file), svg);
  return [`![${seen.title}](benchmarks/${file})`];
}
