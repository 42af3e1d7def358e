import { join } from "node:path";
import { root } from "./command.ts";
import { manifestOf, workspaceFolders } from "./manifest.ts";

export interface Package {
  /** The name of its folder, such as "load-shed". */
  readonly noun: string;
  readonly name: string;
  readonly folder: string;
  readonly version: string;
  /** Its entry points: ["."] for most. */
  readonly entries: readonly string[];
  readonly dependencies: readonly string[];
  /** The libraries that its entry points adapt, with their ranges. */
  readonly peers: Readonly<Record<string, string>>;
}

/** The packages that are published. */
export const packages: readonly Package[] = workspaceFolders()
  .filter((folder) => folder.startsWith("packages/"))
  .map((folder) => {
    const { name, version, exports, dependencies = {}, peerDependencies = {} } = manifestOf(folder);
    return {
      noun: folder.replace("packages/", ""),
      folder: join(root, folder),
      name,
      version,
      entries: Object.keys(exports),
      dependencies: Object.keys(dependencies),
      peers: peerDependencies,
    };
  });

/** The specifier of an entry point of a package: "@sluice/core/internal". */
export function specifier(each: Package, entry: string): string {
  return each.name + entry.slice(1);
}
