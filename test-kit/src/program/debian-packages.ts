import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { aptGet, execute, freshLists } from "./apt-get.ts";
import { oneAtATime } from "./cache-folder.ts";

/** A program to unpack from Debian's packages, without an installation. */
export interface DebianPackages<Found> {
  /** The folder that it is unpacked to; kept for the next time. */
  readonly folder: string;
  /** The packages with the program, and with libraries that a small machine lacks. */
  readonly packages: readonly string[];
  /** Completes the unpacked files, before other processes see them. */
  readonly complete?: (folder: string) => Promise<void>;
  /** Makes the result from the folder; undefined where its program does not run, or is not suitable. */
  readonly tried: (folder: string) => Promise<Found | undefined>;
}

/**
 * A program that is unpacked from Debian's packages, once. Undefined on a system that is not based on Debian. It needs no root, installs
 * nothing, and takes no system lock. Processes may call it at the same time: one of them unpacks, and the folder appears complete or not at
 * all.
 *
 * @throws Error when the packages cannot be loaded, or their program is not suitable
 */
export async function fromDebian<Found>(wanted: DebianPackages<Found>): Promise<Found | undefined> {
  const { folder, tried } = wanted;
  const ready = async () => (existsSync(folder) ? tried(folder) : undefined);
  const found = await ready();
  if (found !== undefined || !(await isDebian())) return found;
  return oneAtATime(folder, async () => {
    // Another process has probably unpacked it meanwhile.
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
    // Another process may have taken this one for dead, and uses its own folder.
    if (await isReady()) return;
    // An unsuitable one may still be there.
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
    // A new machine has no lists of packages, or old ones.
  }
  const { options, failure } = await freshLists(scratch);
  await aptGet([...options, "download", ...packages], { cwd: to }).catch((error: unknown) => {
    throw new Error([failure, String(error)].filter(Boolean).join("\n"), { cause: error });
  });
}
