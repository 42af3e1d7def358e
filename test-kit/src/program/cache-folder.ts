import { mkdir, rename, rm, stat, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A place for what was fetched, which outlives the process and is no part of the workspace. */
export function cacheFolder(name: string): string {
  return join(import.meta.dirname, "../../../node_modules/.cache", name);
}

/** Whoever holds a lock touches it this often, in ms. */
const touched = 1_000;
/** One that nobody has touched for so long is left over from a process that was killed. */
const leftOver = 30_000;

/**
 * Does `work` while no other process does work under this path. It spares the machine doing the same twice and no more: whoever is held up for
 * half a minute loses the lock, and must not break what the next one made.
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
    // A folder that cannot be written to is no reason to wait.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const { mtimeMs } = await stat(lock).catch(() => ({ mtimeMs: Date.now() }));
  if (Date.now() - mtimeMs > leftOver) {
    // It is moved first: of all who find it left over, one moves it.
    const aside = `${lock}-${process.pid}`;
    await rename(lock, aside).then(
      () => rm(aside, { recursive: true, force: true }),
      () => {},
    );
  }
  return false;
}
