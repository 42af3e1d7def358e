/** The figures: `{ ns: 95, bytes: 289 }`. A missing figure is NaN. */
export type Figures = Readonly<Record<string, number>>;

/** A variant after its set-up, in a separate process. */
export interface Subject {
  /** One round; the variants run in turns. */
  readonly round?: () => Promise<Figures>;
  /** Figures of a single measurement, in a process whose young generation is so large that nothing is collected meanwhile. */
  readonly once?: () => Promise<Figures>;
}

/** One variant. */
export interface Variant {
  readonly name: string;
  readonly by: "bare" | "hand" | "sluice" | "peer";
  readonly prepare: () => Subject | Promise<Subject>;
  /** Whether every round has its own process, for work that happens once in a process. */
  readonly fresh?: boolean;
}

/** A column of the table. The first one is compared. */
export interface Column {
  readonly figure: string;
  readonly label: string;
  readonly digits?: number;
}

/** A goal, as a ratio of two variants in one run, or as a bound. */
export interface Goal {
  readonly of: string;
  readonly figure: string;
  /** The variant to compare with; without it the figure itself is bounded. */
  readonly to?: string;
  /** Their difference is bounded, not their ratio. */
  readonly difference?: boolean;
  /** The cost of this variant is subtracted from both, so that the additions to it are compared. */
  readonly over?: string;
  readonly most?: number;
  readonly least?: number;
}

/** Variants that are measured in one run, in turns, and are in one table. */
export interface Group {
  readonly title: string;
  readonly columns: readonly Column[];
  /** The others are compared with the one of `by: "bare"` and the one named `reference`. */
  readonly variants: readonly Variant[];
  readonly reference?: string;
  readonly goals?: readonly Goal[];
  /** How many rounds; default: the harness decides. */
  readonly rounds?: number;
}

/** The export `question` of a file in questions/. */
export interface Question {
  readonly title: string;
  /** What is measured, and how: for the report. */
  readonly about: string;
  readonly groups: readonly Group[];
}

/** The columns of most questions. */
export const perCall: readonly Column[] = [
  { figure: "ns", label: "ns/call" },
  { figure: "bytes", label: "bytes" },
  { figure: "hops", label: "hops" },
];
