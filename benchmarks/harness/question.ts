/** What was seen: `{ ns: 95, bytes: 289 }`. A figure that could not be had is NaN. */
export type Figures = Readonly<Record<string, number>>;

/** A variant that has been set up, in a process of its own. */
export interface Subject {
  /** What is asked over and over, the variants in turns. */
  readonly round?: () => Promise<Figures>;
  /** What one look tells: asked once, in a process whose young generation is so large that nothing is collected meanwhile. */
  readonly once?: () => Promise<Figures>;
}

/** One way to do it. */
export interface Variant {
  readonly name: string;
  readonly by: "bare" | "hand" | "sluice" | "peer";
  readonly prepare: () => Subject | Promise<Subject>;
  /** Every round in a process of its own: for what happens once in a process. */
  readonly fresh?: boolean;
}

/** A column of the table. The first is the one that is compared. */
export interface Column {
  readonly figure: string;
  readonly label: string;
  readonly digits?: number;
}

/** What has to hold, as a ratio of two variants of one run, or as a bound. */
export interface Goal {
  readonly of: string;
  readonly figure: string;
  /** Compared with this variant; without it the figure itself is what is bounded. */
  readonly to?: string;
  /** Their difference is bounded, not their ratio. */
  readonly difference?: boolean;
  /** What this variant costs is taken off both: what is compared is what each adds to it. */
  readonly over?: string;
  readonly most?: number;
  readonly least?: number;
}

/** Variants that are measured in one run, in turns, and stand in one table. */
export interface Group {
  readonly title: string;
  readonly columns: readonly Column[];
  /** One of `by: "bare"` and one that is called `reference` are what the others are compared with. */
  readonly variants: readonly Variant[];
  readonly reference?: string;
  readonly goals?: readonly Goal[];
  /** Rounds, where it is not for the harness to say. */
  readonly rounds?: number;
}

/** What a file in questions/ exports as `question`. */
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
