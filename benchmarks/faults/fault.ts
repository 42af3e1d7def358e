import type { Library, Offer } from "./library.ts";

/** The result of one library. */
export interface Cell {
  /** In a few words: "2 running", "pending for 480 ms". */
  readonly seen: string;
  readonly verdict: "kept" | "broken" | "intended" | "figure" | "not offered";
}

/** One question, for every library that offers what it needs. */
export interface Fault {
  readonly name: string;
  /** The row's head: what happens, and what should. */
  readonly title: string;
  /** Whether it measures time, and so runs alone. */
  readonly alone?: true;
  /** The features that a library needs for this question. */
  readonly needs: readonly Offer[];
  /** Runs the question. A library that does not answer is stopped, and its cell says so. */
  ask(library: Required<Library>): Promise<Cell>;
  /** The libraries whose documented behaviour this is, so that it is not a fault. */
  readonly documented?: Readonly<Record<string, string>>;
  /** Footnotes of cells, by library. */
  readonly notes?: Readonly<Record<string, string>>;
}

/** Faults of one kind: one table. */
export interface Theme {
  readonly title: string;
  readonly faults: readonly Fault[];
}

/** As promised, or a fault. */
export function seen(text: string, kept: boolean): Cell {
  return { seen: text, verdict: kept ? "kept" : "broken" };
}

/** The library does not offer this. */
export const notOffered: Cell = { seen: "", verdict: "not offered" };

/** Neither: the library documents this behaviour, with a reason. */
export function intended(text: string): Cell {
  return { seen: text, verdict: "intended" };
}

/** Neither: nothing was promised. */
export function figure(text: string): Cell {
  return { seen: text, verdict: "figure" };
}
