import type { DocumentedRange } from "./documented-range.ts";

/** An option of a public function, and its documented range. */
export interface OptionRow {
  /** The function: `"rateLimit"`. */
  readonly of: string;
  /** Its name in errors. */
  readonly option: string;
  readonly range: DocumentedRange;
  /** Passes it to the function: a throw, or a promise that rejects, is a refusal. */
  readonly give: (value: never) => unknown;
  /** Values that mean something else in this place: options instead of a time. */
  readonly except?: (value: unknown) => boolean;
}

/** A function with an object of options. */
export interface OptionsRow {
  readonly of: string;
  /** The required options. */
  readonly base: object;
  /** Passes it to the function. */
  readonly give: (options: never) => unknown;
  readonly ranges: Readonly<Record<string, DocumentedRange>>;
  /** The prefix of its members in errors, where it is not an object of options; default: none. */
  readonly prefix?: string;
  /** Whether the object may be left out. Default: where each option may be left out. */
  readonly mayBeLeftOut?: boolean;
  /** A parameter that it takes instead of an object, and its name. */
  readonly instead?: { readonly option: string; readonly range: DocumentedRange };
}

/** The parameters and options of one entry point. Each package has such a table in `test/options.ts`. */
export interface OptionTable {
  /** The entry point: `"leaks"`. Default: the package's main one. */
  readonly entry?: string;
  /** One row a parameter. */
  readonly parameters?: readonly OptionRow[];
  /** One row a function that takes an object of options; one line an option. */
  readonly objects?: readonly OptionsRow[];
  /** Exports that have no option that could be bad, and why. */
  readonly without?: Readonly<Record<string, string>>;
}

/** All options: one without a range does not compile. */
export type Every<Options> = Readonly<Record<keyof Options, DocumentedRange>>;
