import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readdir, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

/** A server that runs on this machine. */
export interface ServerProgram {
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
  /** What it says of itself: "Redis 7.0.15". */
  readonly version: string;
}

/** One line for those who have none. */
export const howToGetOne: string =
  "A server of Redis 7 or Valkey is needed: install one (Debian: apt-get install redis-server; macOS: brew install valkey), or name its program in SLUICE_REDIS_SERVER.";

const cache = join(import.meta.dirname, "../../../node_modules/.cache/sluice-store");

/** On Debian 12 the server is in redis-tools, under the name of redis-check-rdb; the others are what it needs and a small machine lacks. */
const debianPackages = ["redis-tools", "libjemalloc2", "liblzf1", "liblua5.1-0", "lua-cjson", "lua-bitop"];

const execute = promisify(execFile);
let found: Promise<ServerProgram | undefined> | undefined;

/**
 * A server: the one that SLUICE_REDIS_SERVER names, `valkey-server` or `redis-server` on the PATH, or, on Debian and its kin, one
 * that is unpacked from Debian's packages into node_modules/.cache (once: 1.4 MB). Undefined where there is none. Looked for once in a process.
 *
 * @throws Error when SLUICE_REDIS_SERVER names a program that does not run
 */
export function findServer(): Promise<ServerProgram | undefined> {
  found ??= find();
  return found;
}

/** As {@link findServer}. @throws Error when there is none: it says how to get one */
export async function requireServer(): Promise<ServerProgram> {
  const program = await findServer();
  if (program === undefined) throw new Error(howToGetOne);
  return program;
}

/** What test files say of the server that they run over. `npm test` lets tests be skipped whose name has {@link noServer} in it, and no others. */
export interface ServerForTests {
  readonly missing: boolean;
  /** "Redis 7.0.15", or {@link noServer}. */
  readonly name: string;
}

/** What tests are named by that are skipped for want of a server. */
export const noServer = "a real server, which is missing here";

/**
 * For test files. Where there is no server, one line says how to get one, and the tests that need it are skipped.
 *
 * @throws Error when there is none and CI is set: there no test is skipped
 */
export async function serverForTests(): Promise<ServerForTests> {
  const program = process.env["CI"] ? await requireServer() : await findServer();
  if (program === undefined) console.warn(`\nSKIPPED: tests over a real server. ${howToGetOne}\n`);
  return { missing: program === undefined, name: program?.version ?? noServer };
}

async function find(): Promise<ServerProgram | undefined> {
  const named = process.env["SLUICE_REDIS_SERVER"];
  if (named) {
    const program = await tried(named, process.env);
    if (program === undefined) throw new Error(`SLUICE_REDIS_SERVER: ${named} is no server that runs here`);
    return program;
  }
  return (
    (await tried("valkey-server", process.env)) ?? (await tried("redis-server", process.env)) ?? (await fromDebian())
  );
}

/** What the program says of itself, where it runs and is a server of version 7 or later. */
async function tried(path: string, env: NodeJS.ProcessEnv): Promise<ServerProgram | undefined> {
  try {
    const { stdout } = await execute(path, ["--version"], { env, timeout: 10_000 });
    const [, name, version] = /(redis|valkey)\b.*?\bv=(\d+\.\S+)/i.exec(stdout) ?? [];
    if (name === undefined || version === undefined || Number.parseInt(version, 10) < 7) return undefined;
    return { path, env, version: `${/valkey/i.test(stdout) ? "Valkey" : "Redis"} ${version}` };
  } catch {
    return undefined;
  }
}

async function fromDebian(): Promise<ServerProgram | undefined> {
  const ready = await unpacked();
  if (ready !== undefined || !(await isDebian())) return ready;
  await mkdir(dirname(cache), { recursive: true });
  const release = await lock(`${cache}.lock`);
  try {
    // Whoever had the lock has unpacked it, most likely.
    return (await unpacked()) ?? (await unpack());
  } catch {
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

async function unpacked(): Promise<ServerProgram | undefined> {
  const path = join(cache, "usr/bin/redis-server");
  if (!existsSync(path)) return undefined;
  const folder = join(cache, "usr/lib");
  const libraries = (await readdir(folder)).map((triple) => join(folder, triple));
  return tried(path, { ...process.env, LD_LIBRARY_PATH: libraries.join(":") });
}

async function unpack(): Promise<ServerProgram | undefined> {
  const scratch = await mkdtemp(`${cache}-`);
  try {
    await download(scratch);
    const target = join(scratch, "unpacked");
    for (const file of await readdir(scratch)) {
      if (file.endsWith(".deb")) await execute("dpkg-deb", ["-x", join(scratch, file), target], { timeout: 60_000 });
    }
    // The program goes by the name that it is started by.
    await copyFile(join(target, "usr/bin/redis-check-rdb"), join(target, "usr/bin/redis-server"));
    await rm(cache, { recursive: true, force: true });
    await rename(target, cache);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return unpacked();
}

async function download(folder: string): Promise<void> {
  const get = () => execute("apt-get", ["download", ...debianPackages], { cwd: folder, timeout: 120_000 });
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
