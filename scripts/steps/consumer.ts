import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packages, type Package } from "../workspace.ts";
import { tarball } from "./packages.ts";

/** How npm installs a {@link project}: as a user would, without this workspace. */
export const install: readonly string[] = [
  "install",
  "--no-audit",
  "--no-fund",
  "--ignore-scripts",
  "--prefer-offline",
  // Retries where the registry does not answer.
  "--fetch-retries=5",
  "--loglevel=error",
];

/** The libraries that our entry points adapt. */
export const peers: Readonly<Record<string, string>> = Object.assign({}, ...packages.map((each) => each.peers));

/** An empty project in the scratch folder that depends on the tarballs of `wanted`. */
export function project(
  scratch: string,
  name: string,
  wanted: readonly Package[],
  devDependencies: Readonly<Record<string, string>>,
): string {
  const folder = join(scratch, name);
  mkdirSync(folder);
  const file = (each: Package) => `file:${tarball(scratch, each)}`;
  const from = (some: readonly Package[]) => Object.fromEntries(some.map((each) => [each.name, file(each)]));
  const manifest = {
    private: true,
    dependencies: from(wanted),
    devDependencies,
    // The dependencies of the packages are not published yet.
    overrides: from(packages.filter((each) => !wanted.includes(each))),
  };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest, null, 2));
  return folder;
}
