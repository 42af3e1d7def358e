import { mkdir, rename, rm, stat, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A folder for fetched files, which outlives the process and is not part of the workspace. */
export function cacheFolder(name: string): string {
  return join(import.meta.dirname, "../../../node_modules/.cache", name);
}

/** How often the holder of a lock touches it, in ms. */
const touched = 1_000;
/** A lock that was not touched for this long is left over from a killed process. */
const leftOver = 30_000;

/**
 * Runs `work` while no other process works under this path. It only avoids doing the same work twice: a process that is blocked for half a
 * minute loses the lock, and must not break the result of the next one.
 */
export async function oneAtATime<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  const lock = `${path}.lock`;
  await mkdir(dirname(lock), { recursive: true });
  while (!(await taken(lock))) await sleep(50);
  const touch = setInterval(() => {
    const now = new Date();
    utimes(lock, now, now).catch(() => {});
  }, touched);
  try {
    return await work();
  } finally {
    clearInterval(touch);
    await rm(lock, { recursive: true, force: true });
  }
}

async function taken(lock: string): Promise<boolean> {
  try {
    await mkdir(lock);
    return true;
  } catch (error) {
    // Do not wait for a folder that cannot be written to.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const { mtimeMs } = await stat(lock).catch(() => ({ mtimeMs: Date.now() }));
  if (Date.now() - mtimeMs > leftOver) {
    // It is moved first: only one of the processes that find it can move it.
    const aside = `${lock}-${process.pid}`;
    await rename(lock, aside).then(
      () => rm(aside, { recursive: true, force: true }),
      () => {},
    );
  }
  return false;
}
