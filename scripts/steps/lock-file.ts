import { globSync, lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../command.ts";
import type { Outcome } from "./step.ts";

/**
 * The lock file names installed packages by version and hash, and never their registry, which is the user's setting. It covers every
 * machine: a tool with one binary for each platform is locked with all of them.
 */
export async function lockFile(): Promise<Outcome> {
  const lines = readFileSync(join(root, "pnpm-lock.yaml"), "utf8").split("\n");
  const addresses = lines
    .map((line, index) => `pnpm-lock.yaml:${index + 1}: ${line.trim()}`)
    .filter((line) => /https?:\/\//.test(line));
  if (addresses.length > 0) {
    return { ok: false, broken: "The lock file contains addresses.", output: addresses.join("\n") };
  }
  const locked = lockedOptionalDependencies(lines);
  // Packages of an earlier lock file may still be there.
  const tools = installedWithOptionalDependencies().filter(({ id }) => locked.has(id));
  const missing = tools.flatMap(({ id, optional }) =>
    optional.filter((name) => !locked.get(id)!.has(name)).map((name) => `${id}: ${name} is missing`),
  );
  if (missing.length > 0) {
    return {
      ok: false,
      broken:
        "The lock file does not serve every platform. Run: pnpm install --lockfile-only --no-frozen-lockfile --fix-lockfile",
      output: missing.join("\n"),
    };
  }
  return { ok: true, summary: `${tools.length} tools with binaries, locked for each platform they support` };
}

/** The optional dependencies that the lock file resolves, by package, such as "oxlint@1.94.0". */
function lockedOptionalDependencies(lines: readonly string[]): Map<string, Set<string>> {
  const locked = new Map<string, Set<string>>();
  let names = new Set<string>();
  let optional = false;
  for (const line of lines.slice(lines.indexOf("snapshots:"))) {
    const [, indent = "", key = ""] = /^( *)'?([^':]+)/.exec(line) ?? [];
    if (indent.length === 2) {
      // Peers are in brackets after the version: "oxlint@1.94.0(oxlint-tsgolint@7.0.2007)".
      const id = key.replace(/\(.*/, "");
      names = locked.get(id) ?? new Set();
      locked.set(id, names);
    }
    if (indent.length === 4) optional = key === "optionalDependencies";
    if (indent.length === 6 && optional) names.add(key);
  }
  return locked;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Installed packages with optional dependencies, by which a tool lists its binaries. */
function installedWithOptionalDependencies(): { readonly id: string; readonly optional: readonly string[] }[] {
  // Optional dependencies may be missing: the lock file lists pnpm's binaries only where the registry had them, and scripts/bootstrap.mjs
  // finds a pnpm without them.
  const { optionalDependencies: spared = {} } = manifestIn(".");
  return globSync("node_modules/.pnpm/*/node_modules/{*,@*/*}", { cwd: root })
    .filter((folder) => lstatSync(join(root, folder)).isDirectory())
    .flatMap((folder) => {
      const { name = "", version, optionalDependencies = {} } = manifestIn(folder);
      const optional = Object.keys(optionalDependencies);
      return optional.length === 0 || name in spared ? [] : [{ id: `${name}@${version}`, optional }];
    });
}

function manifestIn(folder: string): Partial<Manifest> {
  try {
    return JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as Manifest;
  } catch {
    // The folder of a scope.
    return {};
  }
}
