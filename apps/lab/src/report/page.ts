import type { Findings, Simulation } from "../simulation.ts";
import { measured } from "./number.ts";

/** The page with all simulations; drawings are beside it, in `lab/`. */
export function pageOf(results: readonly (readonly [Simulation, Findings])[]): string {
  return [
    "<!-- Written by `pnpm lab --write`, from apps/lab/src/simulations. -->",
    "",
    "# The lab",
    "",
    "Published results of this field, and the results of this repository's layers in the same situation. Each simulation runs the layers",
    "as they are shipped, on a virtual clock and with fixed seeds, so that each run gives the same result. `pnpm lab` runs all of",
    "them, `pnpm lab jitter` one. Each is one file in [apps/lab/src/simulations](../apps/lab/src/simulations). The tests run a short",
    "form of each, with bounds. A figure without a published one is our own result.",
    "",
    ...results.map(([{ name, title }]) => `- [${title}](#${anchorOf(title)}) (\`${name}\`)`),
    "",
    ...results.flatMap(([simulation, findings]) => section(simulation, findings)),
  ].join("\n");
}

function section(simulation: Simulation, { figures, chart }: Findings): string[] {
  const { name, title, layers, sources, published, setting, reading } = simulation;
  return [
    `## ${title}`,
    "",
    `**Published.** ${published}`,
    "",
    ...sources.map((source) => `- ${source.title}: [${source.where}](${source.url})`),
    "",
    `**Run here.** ${setting}`,
    "",
    `**What came out.** ${reading}`,
    "",
    "|  | published | ours |",
    "| --- | --- | --- |",
    ...figures.map(
      ({ what, published: known, ours, unit }) => `| ${what} | ${known ?? ""} | ${measured(ours, unit)} |`,
    ),
    "",
    `![${chart.title}](lab/${name}.svg)`,
    "",
    `The layers: ${layers.map((layer) => `[${layer}](../packages/${layer}/README.md)`).join(", ")}. The program: [${name}.ts](../apps/lab/src/simulations/${name}.ts).`,
    "",
  ];
}

function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, "")
    .replaceAll(" ", "-");
}
