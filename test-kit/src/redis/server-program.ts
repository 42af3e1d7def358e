import { execFile } from "node:child_process";
import { copyFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder, fromDebian, programFinder } from "../program/index.ts";

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

const server = programFinder<ServerProgram>({
  howToGetOne,
  variable: "SLUICE_REDIS_SERVER",
  names: ["valkey-server", "redis-server"],
  tried: (path) => tried(path, process.env),
  fetched: () =>
    fromDebian({
      folder: cacheFolder("sluice-store"),
      // On Debian 12 the server is in redis-tools; the others are what it needs and a small machine lacks.
      packages: ["redis-tools", "libjemalloc2", "liblzf1", "liblua5.1-0", "lua-cjson", "lua-bitop"],
      // There it goes by the name of redis-check-rdb, and is the program that it is called by.
      complete: (folder) => copyFile(join(folder, "usr/bin/redis-check-rdb"), join(folder, "usr/bin/redis-server")),
      async tried(folder) {
        const triples = await readdir(join(folder, "usr/lib")).catch(() => []);
        const libraries = triples.map((triple) => join(folder, "usr/lib", triple)).join(":");
        return tried(join(folder, "usr/bin/redis-server"), { ...process.env, LD_LIBRARY_PATH: libraries });
      },
    }),
});

/**
 * A server: the one that SLUICE_REDIS_SERVER names, `valkey-server` or `redis-server` on the PATH, or, on Debian and its kin, one that is
 * unpacked from Debian's packages into node_modules/.cache (once: 1.4 MB). Looked for once in a process.
 *
 * @throws Error when there is none, which says how to get one, or SLUICE_REDIS_SERVER names a program that does not run
 */
export function requireServer(): Promise<ServerProgram> {
  return server.need();
}

/**
 * As {@link requireServer}, for a program that goes on without: undefined where there is none.
 *
 * @throws Error when SLUICE_REDIS_SERVER names a program that does not run
 */
export function findServer(): Promise<ServerProgram | undefined> {
  return server.find();
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
  const program = await server.forTests("tests over a real server");
  return { missing: program === undefined, name: program?.version ?? noServer };
}

/** What the program says of itself, where it runs and is a server of version 7 or later. */
async function tried(path: string, env: NodeJS.ProcessEnv): Promise<ServerProgram | undefined> {
  try {
    const { stdout } = await promisify(execFile)(path, ["--version"], { env, timeout: 60_000 });
    const [, name, version] = /(redis|valkey)\b.*?\bv=(\d+\.\S+)/i.exec(stdout) ?? [];
    if (name === undefined || version === undefined || Number.parseInt(version, 10) < 7) return undefined;
    return { path, env, version: `${/valkey/i.test(stdout) ? "Valkey" : "Redis"} ${version}` };
  } catch {
    return undefined;
  }
}
