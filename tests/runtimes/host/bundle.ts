import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { build, type BuildOptions } from "esbuild";

/** Where a bundle is made for: what is left for the runtime to find, and which of a package's files are taken. */
const targets = {
  // These find packages themselves, in node_modules.
  node: { platform: "node", packages: "external" },
  deno: { platform: "node", packages: "external" },
  bun: { platform: "node", packages: "external" },
  worker: { platform: "browser", conditions: ["workerd", "worker", "browser"] },
  page: { platform: "browser" },
  "service-worker": { platform: "browser" },
} satisfies Readonly<Record<string, BuildOptions>>;

type Target = keyof typeof targets;

/** Compiles all of in/, in a project that has the packed packages. What does not bundle is an error. */
export async function bundleAll(project: string): Promise<(target: Target) => string> {
  const sources = join(project, "runtimes");
  mkdirSync(sources, { recursive: true });
  // Copied, or they would find the sources of this workspace and not what is packed.
  cpSync(join(import.meta.dirname, ".."), sources, { recursive: true });
  const output = (target: Target) => join(sources, "out", `${target}.mjs`);
  await Promise.all(
    Object.entries(targets).map(([target, options]) =>
      build({
        ...options,
        entryPoints: [join(sources, "in", `${target}.ts`)],
        outfile: output(target as Target),
        bundle: true,
        format: "esm",
        target: "es2022",
        logLevel: "silent",
        tsconfigRaw: {},
      }),
    ),
  );
  return output;
}
