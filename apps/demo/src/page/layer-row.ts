import type { DescribedLayer, RouteFrame } from "../live/frame.ts";
import { count, short } from "./figures.ts";

/** How a layer is drawn. */
export interface LayerRow {
  /** What it says of now: `4 of 4 at once`. */
  readonly figure: string;
  /** More of that, in a row of its own, which is always there; undefined: it has none. */
  readonly note: string | undefined;
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

/** What is known of a layer beside what it says of itself. */
export interface Around extends Pick<RouteFrame, "budget"> {
  /** How many a second it has refused, by what a layer that sheds says outside of it. */
  readonly refused: number;
}

/** What to draw of a layer, by what it says that it is, never by its name. */
export function rowOf(layer: DescribedLayer, rate: RateOf, { budget, refused }: Around): LayerRow {
  const { traits, facts, numbers } = layer;
  const number = (name: string): number => Number(numbers[name] ?? facts[name] ?? 0);
  const is = (trait: string): boolean => traits.includes(trait);
  const full = (part: number, of: number, tone: "limit" | "line", what: string, alert = ""): LayerRow => ({
    figure: alert === "" ? `${count(part)} of ${count(of)}${what}` : alert,
    note: undefined,
    alert: alert !== "",
    fill: of > 0 ? Math.min(1, part / of) : 0,
    cells: of <= mostCells ? of : 0,
    tone,
  });
  /** It says what happens, or else what it would do. */
  const guard = (happens: string, figure: string): LayerRow => ({
    figure: happens === "" ? figure : happens,
    note: undefined,
    alert: happens !== "",
    fill: null,
    cells: 0,
    tone: "guard",
  });
  const inLine = number("waiting") > 0 ? `${count(number("waiting"))} in line` : "";
  const andLine = inLine === "" ? "" : `, ${inLine}`;

  // A limit for each key, of which there may be thousands, cannot be drawn as one.
  if (is("limits") && facts["maxKeys"] !== undefined) {
    return guard(happening(refused, "over their share"), `${count(number("size"))} clients, each apart`);
  }
  if (is("limits")) {
    const limit = limitOf(layer);
    // One that adapts says where it is now.
    if (limit === undefined) return full(number("active"), number("limit"), "limit", andLine);
    const { max, made } = limit;
    const notes = [facts["line"] === undefined ? inLine : "", max === made ? "" : `was ${count(made)}`];
    return { ...full(number("active"), max, "limit", ""), note: notes.filter((note) => note !== "").join(", ") };
  }
  if (is("in-line")) {
    const row = full(number("waiting"), number("maxWaiting"), "line", " wait", happening(rate("refused"), "refused"));
    // Nobody is in front for long: how many there are now would be 0 nearly always.
    return { ...row, note: `★ ${short(Math.round(rate("first")))}/s let in first` };
  }
  if (is("queues")) {
    return full(number("queued"), number("capacity"), "line", " wait", happening(refused, "refused"));
  }
  if (is("rates")) {
    const per = number("interval") === 1000 ? "a second" : `in ${short(number("interval"))} ms`;
    return guard(happening(refused, "refused"), `${count(number("limit"))} ${per}${andLine}`);
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
  if (is("answers")) return guard(happening(rate("fallbacks"), "estimates"), "stands by");
  return { figure: "", note: undefined, alert: false, fill: null, cells: 0, tone: "quiet" };
}

function happening(rate: number, what: string): string {
  return rate >= 0.5 ? `${short(Math.round(rate))}/s ${what}` : "";
}

/** How many a limit lets in at once now, and as it was made; undefined of what is no limit, of one for each key, and of one that adapts. */
export function limitOf({
  traits,
  facts,
  numbers,
}: DescribedLayer): { readonly max: number; readonly made: number } | undefined {
  if (!traits.includes("limits") || facts["maxKeys"] !== undefined || numbers["limit"] !== undefined) return undefined;
  const max = Number(numbers["max"] ?? facts["max"]);
  return { max, made: Number(facts["max"] ?? max) };
}

/**
 * The layers of a stack, the outermost first, without what is innermost. Of several branches, the first: others stand in for it. A line by
 * importance is drawn in front of its limit, as what it is: no layer, but where callers are.
 */
export function layersOf(outermost: DescribedLayer): DescribedLayer[] {
  const inside = outermost.inner ?? outermost.branches?.[0]?.node;
  return inside === undefined ? [] : [...lineOf(outermost), outermost, ...layersOf(inside)];
}

function lineOf({ id, facts, numbers }: DescribedLayer): DescribedLayer[] {
  const { line } = facts;
  if (typeof line !== "string") return [];
  const of = (what: string): number[] =>
    Object.entries(numbers).flatMap(([name, value]) =>
      new RegExp(`^line\\.levels\\.\\d+\\.${what}$`).test(name) ? [Number(value)] : [],
    );
  const sum = (all: readonly number[]): number => all.reduce((before, each) => before + each, 0);
  const counted = { waiting: sum(of("waiting")), first: of("granted")[0] ?? 0, refused: sum(of("refused")) };
  const maxWaiting = numbers["line.maxWaiting"] ?? Number.POSITIVE_INFINITY;
  return [{ id: `${id}-line`, layer: line, traits: ["in-line"], facts: {}, numbers: { ...counted, maxWaiting } }];
}
