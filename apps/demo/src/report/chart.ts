import { routes } from "../routes.ts";
import type { PhaseResult, RunResult } from "./run-result.ts";

const colours = { offered: "#9aa5b1", layered: "#0b6bcb", plain: "#b03a48" } as const;
const width = 760;
const height = 300;
const left = 56;
const top = 58;
const bottom = height - 40;

/** Goodput of all routes together, a group of bars for each phase: what was offered, with layers, and without. */
export function chartOf(layered: RunResult, plain: RunResult): string {
  const groups = layered.phases.map((phase, index) => ({
    name: phase.name,
    offered: perSecond(phase, "offered"),
    layered: perSecond(phase, "good"),
    plain: perSecond(plain.phases[index]!, "good"),
  }));
  // The spike asks for several times what anybody could answer: its bar is cut off, and labelled.
  const most = Math.max(...groups.map((group) => Math.max(group.layered, group.plain))) * 1.25;
  const y = (rate: number): number => bottom - (Math.min(rate, most) / most) * (bottom - top);
  const step = (width - left - 16) / groups.length;
  const bar = step / 4;

  const bars = groups.flatMap((group, index) => {
    const x = left + index * step + bar / 2;
    const series = [
      ["offered", group.offered],
      ["layered", group.layered],
      ["plain", group.plain],
    ] as const;
    return [
      ...series.flatMap(([name, rate], place) => {
        const at = x + place * bar;
        const above = rate > most ? `↑ ${Math.round(rate)}` : `${Math.round(rate)}`;
        return [
          `<rect x="${round(at)}" y="${round(y(rate))}" width="${round(bar - 3)}" height="${round(bottom - y(rate))}" fill="${colours[name]}"/>`,
          `<text x="${round(at + bar / 2 - 1.5)}" y="${round(y(rate) - 4)}" text-anchor="middle" fill="#333333">${above}</text>`,
        ];
      }),
      `<text x="${round(x + 1.5 * bar)}" y="${bottom + 18}" text-anchor="middle" font-weight="bold">${group.name}</text>`,
    ];
  });
  const legend = [
    ["offered", "offered"],
    ["layered", "answered in time, with layers"],
    ["plain", "answered in time, without"],
  ] as const;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="11" role="img" aria-label="Goodput with and without layers, by phase">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<text x="${left - 40}" y="20" font-size="14" font-weight="bold">Requests a second, all routes together, by phase</text>`,
    ...legend.flatMap(([name, words], index) => [
      `<rect x="${left - 40 + index * 200}" y="32" width="10" height="10" fill="${colours[name]}"/>`,
      `<text x="${left - 25 + index * 200}" y="41">${words}</text>`,
    ]),
    `<line x1="${left - 8}" x2="${width - 8}" y1="${bottom}" y2="${bottom}" stroke="#333333"/>`,
    ...bars,
    "</svg>",
    "",
  ].join("\n");
}

function perSecond({ tallies, seconds }: PhaseResult, what: "offered" | "good"): number {
  return routes.reduce((sum, route) => sum + tallies[route][what], 0) / seconds;
}

function round(coordinate: number): number {
  return Math.round(coordinate * 10) / 10;
}
