// Preloaded (`node --import`): "@sluice/…" is what was built, as those who install it get it, and not the sources that the
// workspace links.
import { existsSync, readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

interface Manifest {
  readonly publishConfig: {
    readonly exports: Readonly<Record<string, { readonly import: { readonly default: string } }>>;
  };
}

const packages = join(import.meta.dirname, "../../packages");

/** Where the file is that `import` finds. */
export function builtFile(specifier: string): string {
  const [, noun = "", ...entry] = specifier.split("/");
  const folder = join(packages, noun);
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
  const exported = manifest.publishConfig.exports[[".", ...entry].join("/")];
  if (exported === undefined) throw new Error(`"${specifier}" is not exported.`);
  const file = join(folder, exported.import.default);
  if (!existsSync(file)) throw new Error(`${file} is not there. Run: pnpm build`);
  return file;
}

registerHooks({
  resolve(specifier, context, next) {
    if (!specifier.startsWith("@sluice/")) return next(specifier, context);
    return { url: pathToFileURL(builtFile(specifier)).href, format: "module", shortCircuit: true };
  },
});
