import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);

/**
 * The program of a runtime that is a package: in the optional dependency for this platform, so that no package needs an install script.
 * Throws where there is none.
 */
export function binaryOf(runtime: "bun" | "deno" | "workerd"): string {
  const manifest = require.resolve(`${runtime}/package.json`);
  const { optionalDependencies } = require(manifest) as {
    readonly optionalDependencies: Readonly<Record<string, string>>;
  };
  const beside = createRequire(manifest);
  for (const name of Object.keys(optionalDependencies)) {
    for (const file of [runtime, `${runtime}.exe`]) {
      const folder = folderOf(beside, name);
      const found = folder && [join(folder, file), join(folder, "bin", file)].find(existsSync);
      if (found) return found;
    }
  }
  throw new Error(`The package ${runtime} has no program for ${process.platform} on ${process.arch}`);
}

function folderOf(beside: NodeJS.Require, name: string): string | undefined {
  try {
    return dirname(beside.resolve(`${name}/package.json`));
  } catch {
    // It is for another platform.
    return undefined;
  }
}
