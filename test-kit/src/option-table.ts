import type { DocumentedRange } from "./documented-range.ts";

/** An option of a public function, and what it is documented to be. */
export interface OptionRow {
  /** The function: `"rateLimit"`. */
  readonly of: string;
  /** What errors call it. */
  readonly option: string;
  readonly range: DocumentedRange;
  /** Gives it to the function: a throw, or a promise that rejects, is a refusal. */
  readonly give: (value: never) => unknown;
  /** What is something else when it is given there: options instead of a time. */
  readonly except?: (value: unknown) => boolean;
}

/** A function with an object of options. */
export interface OptionsRow {
  readonly of: string;
  /** All that must be there, at least. */
  readonly base: object;
  /** Gives it to the function. */
  readonly give: (options: never) => unknown;
  readonly ranges: Readonly<Record<string, DocumentedRange>>;
  /** What errors put in front of the names of its members, where it is no object of options; default nothing. */
  readonly prefix?: string;
  /** Whether there need not be such an object. Default: where each option may be left out. */
  readonly mayBeLeftOut?: boolean;
  /** What it takes instead of an object, under a name of its own. */
  readonly instead?: { readonly option: string; readonly range: DocumentedRange };
}

/** What the functions and classes of one entry point take. Each package has one, in `test/options.ts`. */
export interface OptionTable {
  /** The entry point: `"leaks"`. Default: the package's main one. */
  readonly entry?: string;
  /** One row a parameter. */
  readonly parameters?: readonly OptionRow[];
  /** One row a function that takes an object of options; one line an option. */
  readonly objects?: readonly OptionsRow[];
  /** What is exported and has no option that could be bad, and why. */
  readonly without?: Readonly<Record<string, string>>;
}

/** All options that there are: one without a range does not compile. */
export type Every<Options> = Readonly<Record<keyof Options, DocumentedRange>>;
