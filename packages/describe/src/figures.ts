import type { StackNode } from "./stack-node.ts";

/** How many branches are drawn, and how much of a map: a table may have thousands. JSON has all branches. */
export const mostBranches = 20;

/** What a node was made with, and what it counts, in words: `max 64, active 3`. What it is set to now hides what it was made with. */
export function figuresOf({ facts, numbers }: StackNode): readonly string[] {
  const made = Object.entries(facts).filter(([name, fact]) => fact !== undefined && !(name in numbers));
  return [
    ...made.map(([name, fact]) => `${name} ${typeof fact === "number" ? inDigits(fact) : String(fact)}`),
    ...Object.entries(numbers).map(([name, figure]) => `${name} ${rounded(figure)}`),
  ];
}

/** As it was given: a share of 0.95 is not 1. Of a third six digits will do. */
function inDigits(fact: number): number {
  return Number.isInteger(fact) ? fact : Number(fact.toPrecision(6));
}

/** Times are read to a tenth of a millisecond, shares to a thousandth. */
function rounded(figure: number): number {
  const parts = Math.abs(figure) < 1 ? 1_000 : 10;
  return Number.isFinite(figure) ? Math.round(figure * parts) / parts : figure;
}
