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
  /** It is stopped then, in ms. Default 180,000. */
  readonly timeout?: number;
}

/** Runs apt-get, which asks nothing. Rejects with what it said where it fails. */
export async function aptGet(args: readonly string[], { cwd, timeout = 180_000 }: AptOptions = {}): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await execute("apt-get", [...bounded, ...args], { cwd, timeout, env, maxBuffer: 2 ** 26 });
}

/** Lists of packages that were loaded now. */
interface FreshLists {
  /** By which apt-get reads them. */
  readonly options: readonly string[];
  /** What failed while they were loaded, or nothing: a source that does not answer may not be the one that is needed. */
  readonly failure: string;
}

/**
 * Loads lists of packages into a folder. Those of the machine may be missing or old, another apt-get may have them locked, and only root may
 * write them.
 */
export async function freshLists(folder: string): Promise<FreshLists> {
  const [lists, cache] = [join(folder, "lists"), join(folder, "cache")];
  await mkdir(join(lists, "partial"), { recursive: true });
  await mkdir(join(cache, "archives/partial"), { recursive: true });
  const settings = [
    `Dir::State::Lists=${lists}`,
    `Dir::Cache=${cache}`,
    // Where root runs it, it would load as somebody who may not write here.
    "APT::Sandbox::User=root",
  ];
  const options = settings.flatMap((setting) => ["-o", setting]);
  const failure = await aptGet([...options, "-o", "APT::Update::Error-Mode=any", "update"]).then(() => "", String);
  return { options, failure };
}
