import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { build, type BuildOptions } from "esbuild";

/** The target of a bundle: the imports that the runtime resolves, and the conditions of packages. */
const targets = {
  // These runtimes find packages in node_modules themselves.
  node: { platform: "node", packages: "external" },
  deno: { platform: "node", packages: "external" },
  bun: { platform: "node", packages: "external" },
  worker: { platform: "browser", conditions: ["workerd", "worker", "browser"] },
  page: { platform: "browser" },
  "service-worker": { platform: "browser" },
} satisfies Readonly<Record<string, BuildOptions>>;

type Target = keyof typeof targets;

/** Bundles all of in/, in a project with the packed packages. Throws where that fails. */
export async function bundleAll(project: string): Promise<(target: Target) => string> {
  const sources = join(project, "runtimes");
  mkdirSync(sources, { recursive: true });
  // Copied, or they would use the sources of this workspace instead of the packed packages.
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
