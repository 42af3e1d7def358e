import type { DescribedLayer, RouteFrame } from "../live/frame.ts";
import { count, short } from "./figures.ts";

/** How a layer is drawn. */
export interface LayerRow {
  /** What it says of now: `4 of 4 at once`. */
  readonly figure: string;
  /** Whether that asks for attention: it refuses, gives up, is open. */
  readonly alert: boolean;
  /** How full it is, from 0 to 1; null for a layer that cannot be full. */
  readonly fill: number | null;
  /** How many can be in it, where they can be drawn one by one; 0 where not. */
  readonly cells: number;
  /** What it is, for the stylesheet. */
  readonly tone: "limit" | "line" | "guard" | "quiet";
}

/** More are drawn as one bar. */
const mostCells = 24;

/** The rate of a counter since the last frame, a second. */
export type RateOf = (counter: string) => number;

/** What to draw of a layer, by what it says that it is, never by its name. */
export function rowOf(
  { traits, facts, numbers }: DescribedLayer,
  rate: RateOf,
  { budget, flow }: Pick<RouteFrame, "budget" | "flow">,
): LayerRow {
  const number = (name: string): number => Number(numbers[name] ?? facts[name] ?? 0);
  const is = (trait: string): boolean => traits.includes(trait);
  const full = (part: number, of: number, tone: "limit" | "line", what: string): LayerRow => ({
    figure: `${count(part)} of ${count(of)}${what}`,
    alert: false,
    fill: of > 0 ? Math.min(1, part / of) : 0,
    cells: of <= mostCells ? of : 0,
    tone,
  });
  /** It says what happens, or else what it would do. */
  const guard = (happens: string, figure: string): LayerRow => ({
    figure: happens === "" ? figure : happens,
    alert: happens !== "",
    fill: null,
    cells: 0,
    tone: "guard",
  });
  const line = number("waiting") > 0 ? `, ${count(number("waiting"))} in line` : "";

  // A limit for each key, of which there may be thousands, cannot be drawn as one.
  if (is("limits") && facts["maxKeys"] !== undefined) return guard("", `${count(number("size"))} keys, each by itself`);
  // One that adapts says where it is now.
  const max = number(numbers["limit"] === undefined ? "max" : "limit");
  if (is("limits")) return full(number("active"), max, "limit", line);
  if (is("queues")) return full(number("queued"), number("capacity"), "line", " wait");
  if (is("rates")) {
    const per = number("interval") === 1000 ? "a second" : `in ${short(number("interval"))} ms`;
    return guard("", `${count(number("limit"))} ${per}${line}`);
  }
  if (is("sheds")) return guard(happening(rate("refused"), "refused"), "refuses at once");
  if (is("times-out")) {
    const bounds = ["ready", "call", "total"].filter((name) => facts[name] !== undefined);
    const words = bounds.map((name) => `${short(number(name))} ms`).join(", ");
    return guard(happening(rate("timedOut"), "gave up"), words);
  }
  if (is("breaks")) {
    const kept = happening(rate("refused"), "kept away");
    return guard(kept === "" && number("retryAfter") > 0 ? "open" : kept, "closed");
  }
  if (is("repeats")) {
    const left = budget === null ? "" : `budget ${count(Math.floor(budget))}`;
    return guard(happening(rate("retries"), "tried again"), left);
  }
  if (is("answers")) return guard(happening(flow.estimated, "estimates"), "");
  return { figure: "", alert: false, fill: null, cells: 0, tone: "quiet" };
}

function happening(rate: number, what: string): string {
  return rate >= 0.5 ? `${short(Math.round(rate))}/s ${what}` : "";
}

/** The layers of a stack, the outermost first, without what is innermost. Of several branches, the first: others stand in for it. */
export function layersOf(outermost: DescribedLayer): DescribedLayer[] {
  const inside = outermost.inner ?? outermost.branches?.[0]?.node;
  return inside === undefined ? [] : [outermost, ...layersOf(inside)];
}
