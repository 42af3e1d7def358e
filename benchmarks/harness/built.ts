// Preloaded (`node --import`): "@sluice/…" is what was built, as those who install it get it, and not the sources that the
// workspace links.
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

/** What each name stands for, looked up before anything is measured. */
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
    // What is private, such as the test-kit, is as it stands.
    return url === undefined ? next(specifier, context) : { url, format: "module", shortCircuit: true };
  },
});
