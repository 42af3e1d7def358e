import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

/** A program, and where to look for it. */
export interface ProgramSought<Found> {
  /** One line for machines without it: what is needed, and how to get it. */
  readonly howToGetOne: string;
  /** The environment variable that names a program by its path. Where it is set, no other program is tried. */
  readonly variable: string;
  /** Names on the PATH, and whole paths: the first suitable one is used. */
  readonly names: readonly string[];
  /** Makes the result from the program at this path; undefined where it does not run, or is not suitable. */
  readonly tried: (path: string) => Promise<Found | undefined>;
  /** Fetches one where there is none; undefined where this machine cannot. A rejection says why it failed. */
  readonly fetched: () => Promise<Found | undefined>;
}

/** Looks for one program, once in a process. */
export interface ProgramFinder<Found> {
  /**
   * The program, if this machine has it. It fetches nothing.
   *
   * @throws Error when the variable names a program that is not suitable
   */
  here(): Promise<Found | undefined>;
  /** The program: fetched where there is none. @throws as {@link ProgramFinder.here} */
  find(): Promise<Found | undefined>;
  /** As {@link ProgramFinder.find}. @throws Error when there is none; its message says how to get one */
  need(): Promise<Found>;
  /**
   * For test files: the program, or undefined after one line that says that `tests` are skipped, and how to get it.
   *
   * @throws Error when there is none and CI is set: in CI no test is skipped
   */
  forTests(tests: string): Promise<Found | undefined>;
}

export function programFinder<Found>(sought: ProgramSought<Found>): ProgramFinder<Found> {
  const { howToGetOne, variable, names, tried } = sought;
  let failure: Error | undefined;

  const here = once(async () => {
    const named = process.env[variable];
    if (named) {
      const found = await tried(named);
      if (found === undefined) throw new Error(`${variable}: ${named} does not run here, or does not serve`);
      return found;
    }
    for (const path of names.flatMap(onPath)) {
      const found = await tried(path);
      if (found !== undefined) return found;
    }
    return undefined;
  });

  const find = once(async () => {
    const found = await here();
    if (found !== undefined) return found;
    try {
      return await sought.fetched();
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
      return undefined;
    }
  });

  const need = async (): Promise<Found> => {
    const found = await find();
    if (found === undefined) throw new Error(`${howToGetOne}${why(failure)}`, { cause: failure });
    return found;
  };

  return {
    here,
    find,
    need,
    async forTests(tests) {
      if (process.env["CI"]) return need();
      const found = await find();
      if (found === undefined) console.warn(`\nSKIPPED: ${tests}. ${howToGetOne}${why(failure)}\n`);
      return found;
    },
  };
}

/** The executable files of this name, in the order of the PATH. */
function onPath(name: string): readonly string[] {
  if (isAbsolute(name)) return [name].filter(mayRun);
  const file = process.platform === "win32" ? `${name}.exe` : name;
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter(isAbsolute);
  return folders.map((folder) => join(folder, file)).filter(mayRun);
}

function mayRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Why fetching failed, where it was tried. */
function why(failure: Error | undefined): string {
  return failure === undefined ? "" : `\nIt could not be fetched: ${failure.message}`;
}

function once<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let result: Promise<Result> | undefined;
  return () => (result ??= work());
}
