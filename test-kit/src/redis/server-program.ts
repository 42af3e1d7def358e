import { execFile } from "node:child_process";
import { copyFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder, fromDebian, programFinder } from "../program/index.ts";

/** A server that runs on this machine. */
export interface ServerProgram {
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
  /** Its name and version: "Redis 7.0.15". */
  readonly version: string;
}

/** One line for machines without a server. */
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
      // On Debian 12 the server is in redis-tools; the others are libraries that a small machine lacks.
      packages: ["redis-tools", "libjemalloc2", "liblzf1", "liblua5.1-0", "lua-cjson", "lua-bitop"],
      // There its file is redis-check-rdb: the program acts by the name that it is called with.
      complete: (folder) => copyFile(join(folder, "usr/bin/redis-check-rdb"), join(folder, "usr/bin/redis-server")),
      async tried(folder) {
        const triples = await readdir(join(folder, "usr/lib")).catch(() => []);
        const libraries = triples.map((triple) => join(folder, "usr/lib", triple)).join(":");
        return tried(join(folder, "usr/bin/redis-server"), { ...process.env, LD_LIBRARY_PATH: libraries });
      },
    }),
});

/**
 * A server: the one that SLUICE_REDIS_SERVER names, `valkey-server` or `redis-server` on the PATH, or, on systems based on Debian, one that
 * is unpacked from Debian's packages into node_modules/.cache (once: 1.4 MB). It is looked for once in a process.
 *
 * @throws Error when there is none, with a message that says how to get one, or SLUICE_REDIS_SERVER names a program that does not run
 */
export function requireServer(): Promise<ServerProgram> {
  return server.need();
}

/**
 * As {@link requireServer}, for a program that does not need one: undefined where there is none.
 *
 * @throws Error when SLUICE_REDIS_SERVER names a program that does not run
 */
export function findServer(): Promise<ServerProgram | undefined> {
  return server.find();
}

/** How test files name their server. `npm test` allows only tests with {@link noServer} in their name to be skipped. */
export interface ServerForTests {
  readonly missing: boolean;
  /** "Redis 7.0.15", or {@link noServer}. */
  readonly name: string;
}

/** The name of tests that are skipped without a server. */
export const noServer = "a real server, which is missing here";

/**
 * For test files. Where there is no server, it prints one line that says how to get one, and the tests that need it are skipped.
 *
 * @throws Error when there is none and CI is set: there no test is skipped
 */
export async function serverForTests(): Promise<ServerForTests> {
  const program = await server.forTests("tests over a real server");
  return { missing: program === undefined, name: program?.version ?? noServer };
}

/** The program's name and version, where it runs and is version 7 or later. */
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
