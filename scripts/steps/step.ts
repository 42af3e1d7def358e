/** One thing that has to hold, with a name that `--only` takes. */
export interface Step {
  readonly name: string;
  /** The steps whose results this one uses. */
  readonly after?: readonly string[];
  run(context: Context): Promise<Outcome>;
}

export interface Context {
  /** A folder outside the workspace for what the steps make; gone when they have ended. */
  readonly scratch: string;
}

export type Outcome = Passed | Failed;

interface Passed {
  readonly ok: true;
  /** What is worth knowing although nothing is wrong, on one line. */
  readonly summary?: string;
  /** What somebody may want to look up later, such as the seeds of what was drawn at random; on a line each. */
  readonly notes?: readonly string[];
  readonly output?: string;
  readonly counts?: Counts;
}

interface Failed {
  readonly ok: false;
  /** What broke, in a sentence. */
  readonly broken: string;
  readonly output?: string;
  readonly counts?: Counts;
}

/** Where a step is more than one test. */
interface Counts {
  readonly passed: number;
  readonly failed: number;
}
