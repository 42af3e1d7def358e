import { existsSync, globSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { command, eachOfTwo } from "../command.ts";
import { packages, type Package } from "../workspace.ts";
import type { Context, Outcome } from "./step.ts";

/** Where `pack` leaves a package's tarball. */
export function tarball(scratch: string, { noun, version }: Package): string {
  return join(scratch, "tarballs", `sluice-${noun}-${version}.tgz`);
}

/** The files of a tarball; a package's LICENSE is the workspace's. */
const wanted = ["LICENSE", "README.md", "package.json"];

/** Packs every package as it would be published, and checks the tarball. */
export async function pack({ scratch }: Context): Promise<Outcome> {
  mkdirSync(join(scratch, "tarballs"), { recursive: true });
  const problems = await eachOfTwo(packages, async (each) => {
    const file = tarball(scratch, each);
    const packed = await command("pnpm", ["pack", "--out", file], { cwd: each.folder });
    if (!packed.ok || !existsSync(file)) return [`${each.name}: pnpm pack failed\n${packed.output}`];
    const listed = (await command("tar", ["-tzf", file])).output.split("\n");
    const files = listed.map((line) => line.replace(/^package\//, ""));
    const manifest = (await command("tar", ["-xzOf", file, "package/package.json"])).output;
    // The step "manifests" checks these.
    const { files: kept } = JSON.parse(manifest) as { readonly files: readonly string[] };
    return [
      ...wanted.filter((name) => !files.includes(name)).map((name) => `${each.name}: ${name} is missing`),
      ...files
        .filter((name) => !wanted.includes(name) && !kept.some((folder) => name.startsWith(`${folder}/`)))
        .map((name) => `${each.name}: ${name} should not be in the tarball`),
      ...["workspace:", "./src/"]
        .filter((text) => manifest.includes(text))
        .map((text) => `${each.name}: the packed package.json still says "${text}"`),
      ...globSync(each.noun === "core" ? "dist/**/*.d.{ts,cts}" : [], { cwd: each.folder })
        .filter((declarations) => readFileSync(join(each.folder, declarations), "utf8").includes("@internal"))
        .map((declarations) => `${each.name}: ${declarations} has members that are marked @internal`),
      ...ranges(manifest)
        .filter(({ name, range }) => packages.some((other) => other.name === name && other.version !== range))
        .map(({ name, range }) => `${each.name}: needs ${name} ${range}, which is not the very version beside it`),
    ];
  });
  const output = problems.flat().join("\n");
  return output === ""
    ? { ok: true, summary: `${packages.length} packages` }
    : { ok: false, broken: "A package does not pack as it should.", output };
}

/** The dependencies of a packed package, with their versions. */
function ranges(manifest: string): readonly { readonly name: string; readonly range: string }[] {
  const { dependencies = {}, peerDependencies = {} } = JSON.parse(manifest) as Partial<
    Record<"dependencies" | "peerDependencies", Readonly<Record<string, string>>>
  >;
  return Object.entries({ ...dependencies, ...peerDependencies }).map(([name, range]) => ({ name, range }));
}

/** publint and "are the types wrong?" check the packed files, not the sources. */
export async function publintAndAttw({ scratch }: Context): Promise<Outcome> {
  const problems = await eachOfTwo(packages, async (each) => {
    const file = tarball(scratch, each);
    const publint = await command("publint", ["run", file, "--strict"]);
    const attw = await command("attw", [file, "--profile", "strict", "--no-definitely-typed", "--no-color"]);
    return [publint, attw].filter(({ ok }) => !ok).map(({ output }) => `${each.name}\n${output}`);
  });
  const output = problems.flat().join("\n\n");
  return output === ""
    ? { ok: true }
    : { ok: false, broken: "publint or attw found fault with a packed package.", output };
}
