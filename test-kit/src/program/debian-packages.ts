import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { aptGet, execute, freshLists } from "./apt-get.ts";
import { oneAtATime } from "./cache-folder.ts";

/** What is unpacked from Debian's packages, without being installed. */
export interface DebianPackages<Found> {
  /** Where it is unpacked to; kept for the next time. */
  readonly folder: string;
  /** The packages that have the program, and what it needs and a small machine lacks. */
  readonly packages: readonly string[];
  /** Completes what was unpacked, before anybody sees it. */
  readonly complete?: (folder: string) => Promise<void>;
  /** What is made of the folder; undefined where its program does not run, or does not serve. */
  readonly tried: (folder: string) => Promise<Found | undefined>;
}

/**
 * A program that is unpacked from Debian's packages, once. Undefined on a system that is not of Debian's kin. Needs no root, installs
 * nothing, and takes no lock of the system's. Processes may ask at the same time: one of them unpacks, and the folder is there whole or not at all.
 *
 * @throws Error when the packages cannot be had, or what they hold does not serve
 */
export async function fromDebian<Found>(wanted: DebianPackages<Found>): Promise<Found | undefined> {
  const { folder, tried } = wanted;
  const ready = async () => (existsSync(folder) ? tried(folder) : undefined);
  const found = await ready();
  if (found !== undefined || !(await isDebian())) return found;
  return oneAtATime(folder, async () => {
    // Whoever was before us has unpacked it, most likely.
    const there = await ready();
    if (there !== undefined) return there;
    await unpack(wanted, async () => (await ready()) !== undefined);
    const unpacked = await ready();
    if (unpacked === undefined) throw new Error(`What ${wanted.packages.join(", ")} hold does not run here`);
    return unpacked;
  });
}

async function isDebian(): Promise<boolean> {
  try {
    for (const program of ["apt-get", "dpkg-deb"]) await execute(program, ["--version"], { timeout: 60_000 });
    return true;
  } catch {
    return false;
  }
}

async function unpack(wanted: DebianPackages<unknown>, isReady: () => Promise<boolean>): Promise<void> {
  const { folder, packages, complete } = wanted;
  // On the same disk, so that it can be moved.
  const scratch = await mkdtemp(`${folder}-`);
  try {
    const [loaded, made] = [join(scratch, "loaded"), join(scratch, "made")];
    await mkdir(loaded);
    await download(packages, loaded, scratch);
    for (const file of (await readdir(loaded)).filter((name) => name.endsWith(".deb"))) {
      await execute("dpkg-deb", ["-x", join(loaded, file), made], { timeout: 120_000 });
    }
    await complete?.(made);
    // Whoever took us for dead may have been quicker, and uses it.
    if (await isReady()) return;
    // One that does not serve may still be there.
    await rename(folder, join(scratch, "old")).catch(() => {});
    await rename(made, folder);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function download(packages: readonly string[], to: string, scratch: string): Promise<void> {
  try {
    await aptGet(["download", ...packages], { cwd: to });
    return;
  } catch {
    // A machine that is new has no lists of packages, or old ones.
  }
  const { options, failure } = await freshLists(scratch);
  await aptGet([...options, "download", ...packages], { cwd: to }).catch((error: unknown) => {
    throw new Error([failure, String(error)].filter(Boolean).join("\n"), { cause: error });
  });
}
