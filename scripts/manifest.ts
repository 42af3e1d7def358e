import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { root } from "./command.ts";

type Json = Readonly<Record<string, unknown>>;

/** The members of a package.json that scripts read. */
export interface Manifest extends Json {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly exports: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** The folders of the workspace that have a package.json, published or not. */
export function workspaceFolders(): readonly string[] {
  return globSync("{packages/*,apps/*,benchmarks,examples,test-kit,tests}/package.json", { cwd: root })
    .map((file) => file.replaceAll("\\", "/").replace("/package.json", ""))
    .sort();
}

export function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as Manifest;
}

/** The package.json of `folder` as it should be: with everything that follows from its folder and its exports. */
export function completed(folder: string, manifest: Manifest): Manifest {
  const complete = { ...manifest, ...(manifest.private === true ? {} : derived(folder, manifest.exports)) };
  for (const kind of ["dependencies", "devDependencies", "peerDependencies"]) {
    if (kind in complete) complete[kind] = exactly(complete[kind] as Record<string, string>);
  }
  return complete;
}

/** The members of the package.json of `folder` that are wrong. */
export function incomplete(folder: string): readonly string[] {
  const manifest = manifestOf(folder);
  return Object.entries(completed(folder, manifest)).flatMap(([member, value]) =>
    isDeepStrictEqual(manifest[member], value) ? [] : [member],
  );
}

/**
 * The packages are released together, and each needs the others in the version that it was tested with: they share `@sluice/core/internal`,
 * which may change in any release.
 */
function exactly(dependencies: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(dependencies).map(([name, range]) => [name, name.startsWith("@sluice/") ? "workspace:*" : range]),
  );
}

function derived(folder: string, exports: Manifest["exports"]): Json {
  const { license, engines, repository } = manifestOf(".") as Manifest & { readonly repository: { url: string } };
  const address = repository.url.replace(/^git\+|\.git$/g, "");
  return {
    license,
    homepage: `${address}/tree/main/${folder}#readme`,
    repository: { ...repository, directory: folder },
    files: ["dist", ...["grafana"].filter((kept) => existsSync(join(root, folder, kept)))],
    type: "module",
    publishConfig: { ...published(exports), access: "public" },
    scripts: {
      build: "tsup --config ../../tsup.config.ts",
      test: `vitest run --root ../.. --project ${folder.replace("packages/", "")}`,
      typecheck: "tsc",
    },
    engines,
  };
}

/** The members that pnpm replaces in the packed package.json. */
function published(exports: Manifest["exports"]): Json {
  const built = Object.entries(exports).map(([entry, source]) => {
    const file = source.replace("./src/", "./dist/").replace(/\.ts$/, "");
    const types = { import: `${file}.d.ts`, require: `${file}.d.cts` };
    return { entry, file, types };
  });
  const main = built.find(({ entry }) => entry === ".");
  const others = built
    .filter(({ entry }) => entry !== ".")
    .map(({ entry, types }) => [entry.slice(2), [types.require]]);
  return {
    // These three are for tools that do not read `exports`, such as TypeScript's `node10`, its default for CommonJS up to 5.9.
    main: `${main?.file}.cjs`,
    types: main?.types.require,
    ...(others.length > 0 && { typesVersions: { "*": Object.fromEntries(others) as Json } }),
    exports: {
      ...Object.fromEntries(
        built.map(({ entry, file, types }) => [
          entry,
          {
            import: { types: types.import, default: `${file}.js` },
            require: { types: types.require, default: `${file}.cjs` },
          },
        ]),
      ),
      "./package.json": "./package.json",
    },
  };
}
