import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

export const execute: typeof execFile.__promisify__ = promisify(execFile);

/** A mirror that does not answer must not hold up the tests. */
const bounded = [
  "-qq",
  "-o",
  "Acquire::Retries=2",
  "-o",
  "Acquire::http::Timeout=20",
  "-o",
  "Acquire::https::Timeout=20",
];

interface AptOptions {
  readonly cwd?: string;
  /** The time limit, in ms; default 180,000. */
  readonly timeout?: number;
}

/** Runs apt-get without questions. Rejects with its output where it fails. */
export async function aptGet(args: readonly string[], { cwd, timeout = 180_000 }: AptOptions = {}): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await execute("apt-get", [...bounded, ...args], { cwd, timeout, env, maxBuffer: 2 ** 26 });
}

/** Lists of packages that were loaded now. */
interface FreshLists {
  /** The options with which apt-get reads them. */
  readonly options: readonly string[];
  /** The error while they were loaded, or undefined: a source that does not answer may not be needed. */
  readonly failure: string;
}

/**
 * Loads lists of packages into a folder. The machine's lists may be missing or old, locked by another apt-get, and writable only by root.
 */
export async function freshLists(folder: string): Promise<FreshLists> {
  const [lists, cache] = [join(folder, "lists"), join(folder, "cache")];
  await mkdir(join(lists, "partial"), { recursive: true });
  await mkdir(join(cache, "archives/partial"), { recursive: true });
  const settings = [
    `Dir::State::Lists=${lists}`,
    `Dir::Cache=${cache}`,
    // Run by root, it would load as a user that may not write here.
    "APT::Sandbox::User=root",
  ];
  const options = settings.flatMap((setting) => ["-o", setting]);
  const failure = await aptGet([...options, "-o", "APT::Update::Error-Mode=any", "update"]).then(() => "", String);
  return { options, failure };
}
