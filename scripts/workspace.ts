import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "./command.ts";

export interface Package {
  /** Its folder's name, such as "load-shed". */
  readonly noun: string;
  readonly name: string;
  readonly folder: string;
  readonly version: string;
  /** What it exports: ["."] for most. */
  readonly entries: readonly string[];
  readonly dependencies: readonly string[];
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** The packages that are published. */
export const packages: readonly Package[] = readdirSync(join(root, "packages"))
  .map((noun) => ({ noun, folder: join(root, "packages", noun) }))
  .filter(({ folder }) => existsSync(join(folder, "package.json")))
  .map(({ noun, folder }) => {
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
    return {
      noun,
      folder,
      name: manifest.name,
      version: manifest.version,
      entries: Object.keys(manifest.exports),
      dependencies: Object.keys(manifest.dependencies ?? {}),
    };
  });

/** What somebody writes to import an entry of a package: "@sluice/core/internal". */
export function specifier(each: Package, entry: string): string {
  return each.name + entry.slice(1);
}
