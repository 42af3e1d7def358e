/** One check, with a name that `--only` takes. */
export interface Step {
  readonly name: string;
  /** The steps whose results this one uses. */
  readonly after?: readonly string[];
  /** It waits for timers and sockets most of the time, and needs no core for itself. */
  readonly waits?: true;
  run(context: Context): Promise<Outcome>;
}

export interface Context {
  /** A folder outside the workspace for files of the steps; removed at the end. */
  readonly scratch: string;
}

export type Outcome = Passed | Failed;

interface Passed {
  readonly ok: true;
  /** A remark, although nothing is wrong, on one line. */
  readonly summary?: string;
  /** Details for later, such as the random seeds, one on a line. */
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

/** The number of tests, where a step has more than one. */
interface Counts {
  readonly passed: number;
  readonly failed: number;
}
