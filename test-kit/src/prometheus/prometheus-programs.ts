import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

/** The programs of a Prometheus that runs on this machine. */
export interface PrometheusPrograms {
  /** The server. */
  readonly prometheus: string;
  /** What checks and tests its rules. */
  readonly promtool: string;
}

const howToGetOne =
  "Prometheus 2.40 or later is needed, with promtool: install it (Debian: apt-get install prometheus; macOS: brew install prometheus), so that both are on the PATH.";

const cache = join(import.meta.dirname, "../../../node_modules/.cache/sluice-prometheus");

const execute = promisify(execFile);
let found: Promise<PrometheusPrograms | undefined> | undefined;

/**
 * For test files: Prometheus, from the PATH or, on Debian and its kin, unpacked from Debian's package into node_modules/.cache (once: 19 MB to
 * load). Undefined after one line that says how to get one; the tests that need it are then left out.
 *
 * @throws Error when there is none and CI is set: there no test is left out
 */
export async function prometheusForTests(): Promise<PrometheusPrograms | undefined> {
  found ??= find();
  const programs = await found;
  if (programs !== undefined) return programs;
  if (process.env["CI"]) throw new Error(howToGetOne);
  console.warn(`\nSKIPPED: tests with a real Prometheus. ${howToGetOne}\n`);
  return undefined;
}

async function find(): Promise<PrometheusPrograms | undefined> {
  return (await tried("")) ?? (await fromDebian());
}

/** Those of a folder, or of the PATH, where both run. */
async function tried(folder: string): Promise<PrometheusPrograms | undefined> {
  const programs = { prometheus: join(folder, "prometheus"), promtool: join(folder, "promtool") };
  try {
    for (const program of Object.values(programs)) await execute(program, ["--version"], { timeout: 20_000 });
    return programs;
  } catch {
    return undefined;
  }
}

async function fromDebian(): Promise<PrometheusPrograms | undefined> {
  const ready = await unpacked();
  if (ready !== undefined || !(await isDebian())) return ready;
  await mkdir(dirname(cache), { recursive: true });
  const release = await lock(`${cache}.lock`);
  try {
    // Whoever had the lock has unpacked it, most likely.
    return (await unpacked()) ?? (await unpack());
  } catch (error) {
    console.warn(`Prometheus could not be unpacked: ${String(error)}`);
    return undefined;
  } finally {
    await release();
  }
}

async function isDebian(): Promise<boolean> {
  if (process.platform !== "linux") return false;
  try {
    await execute("dpkg-deb", ["--version"]);
    await execute("apt-get", ["--version"]);
    return true;
  } catch {
    return false;
  }
}

async function unpacked(): Promise<PrometheusPrograms | undefined> {
  const folder = join(cache, "usr/bin");
  return existsSync(folder) ? tried(folder) : undefined;
}

async function unpack(): Promise<PrometheusPrograms | undefined> {
  const scratch = await mkdtemp(`${cache}-`);
  try {
    await download(scratch);
    const target = join(scratch, "unpacked");
    for (const file of await readdir(scratch)) {
      if (file.endsWith(".deb")) await execute("dpkg-deb", ["-x", join(scratch, file), target], { timeout: 60_000 });
    }
    await rm(cache, { recursive: true, force: true });
    await rename(target, cache);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return unpacked();
}

async function download(folder: string): Promise<void> {
  const get = () => execute("apt-get", ["download", "prometheus"], { cwd: folder, timeout: 120_000 });
  try {
    await get();
  } catch {
    // A machine that is new has no lists of packages, or old ones.
    await execute("apt-get", ["update"], { timeout: 120_000 });
    await get();
  }
}

/** Test files run side by side, and one of them unpacks. A lock of somebody who was stopped is broken after a few minutes. */
async function lock(folder: string): Promise<() => Promise<void>> {
  for (;;) {
    try {
      await mkdir(folder);
      return () => rmdir(folder);
    } catch {
      const { mtimeMs } = await stat(folder).catch(() => ({ mtimeMs: Date.now() }));
      if (Date.now() - mtimeMs > 300_000) await rmdir(folder).catch(() => {});
      await sleep(100);
    }
  }
}
