// Preloaded (`node --import`): "@sluice/…" is the built package, as users install it, and not the sources that the workspace links.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

interface Manifest {
  readonly publishConfig?: {
    readonly exports?: Readonly<Record<string, string | { readonly import: { readonly default: string } }>>;
  };
}

const packages = join(import.meta.dirname, "../../packages");

/** The file of each name, resolved before anything is measured. */
const files = new Map<string, string>();
for (const noun of readdirSync(packages)) {
  const manifest = join(packages, noun, "package.json");
  if (!existsSync(manifest)) continue;
  const { publishConfig } = JSON.parse(readFileSync(manifest, "utf8")) as Manifest;
  for (const [entry, exported] of Object.entries(publishConfig?.exports ?? {})) {
    if (typeof exported === "string") continue;
    files.set(join("@sluice", noun, entry), pathToFileURL(join(packages, noun, exported.import.default)).href);
  }
}

registerHooks({
  resolve(specifier, context, next) {
    const url = files.get(specifier);
    // Private packages, such as the test-kit, are used from their sources.
    return url === undefined ? next(specifier, context) : { url, format: "module", shortCircuit: true };
  },
});
