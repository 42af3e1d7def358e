import { outside, type Figure, type Findings, type Simulation } from "../simulation.ts";
import { measured, readable } from "./number.ts";

/** What a simulation found, for a terminal. */
export function textOf({ title, name, sources }: Simulation, findings: Findings): string {
  const failed = new Set(outside(findings));
  const rows = [
    ["", "published", "ours"],
    ...findings.figures.map((figure) => [figure.what, figure.published ?? "", measured(figure.ours, figure.unit)]),
  ];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map(([what, published, ours], index) => {
    const figure = findings.figures[index - 1];
    const line = `  ${what!.padEnd(widths[0]!)}  ${published!.padEnd(widths[1]!)}  ${ours}`;
    return figure !== undefined && failed.has(figure) ? `${line}   OUT OF BOUNDS: ${bounds(figure)}` : line;
  });
  return [`${title} (${name})`, ...sources.map((source) => `  ${source.title}: ${source.where}`), ...lines, ""].join(
    "\n",
  );
}

function bounds({ within: [least, most] }: Figure): string {
  return `from ${readable(least)} to ${readable(most)}`;
}
