import type { Library, Offer } from "./library.ts";

/** What was seen of one library. */
export interface Cell {
  /** In a few words: "2 running", "pending for 480 ms". */
  readonly seen: string;
  readonly verdict: "kept" | "broken" | "intended" | "figure" | "not offered";
}

/** One question, which is asked of every library that offers what it takes. */
export interface Fault {
  readonly name: string;
  /** The row's head: what happens, and what should. */
  readonly title: string;
  /** Whether it measures time, and so is asked when nothing else is. */
  readonly alone?: true;
  /** What a library has to offer to be asked. */
  readonly needs: readonly Offer[];
  /** Asks. A library that does not answer is stopped, and that is its cell. */
  ask(library: Required<Library>): Promise<Cell>;
  /** Who does so by intent, and says so: what would be a fault is none there. */
  readonly documented?: Readonly<Record<string, string>>;
  /** Whose cell needs a word more, and which. */
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

/** There is nothing of the kind to be asked about. */
export const notOffered: Cell = { seen: "", verdict: "not offered" };

/** Neither: the library says that it does so, and why. */
export function intended(text: string): Cell {
  return { seen: text, verdict: "intended" };
}

/** Neither: nobody promised anything. */
export function figure(text: string): Cell {
  return { seen: text, verdict: "figure" };
}
