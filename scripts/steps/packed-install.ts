import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { command, eachOfTwo, root } from "../command.ts";
import { outside } from "../outside.ts";
import { packages, specifier } from "../workspace.ts";
import { install, peers, project } from "./consumer.ts";
import type { Context, Outcome } from "./step.ts";

const inside = process.env;

/** Installs the tarballs into empty projects, as a user would, and uses them. */
export async function packedInstall({ scratch }: Context): Promise<Outcome> {
  const problems: string[] = [];
  const check = async (what: string, file: string, args: readonly string[], cwd: string, env = inside) => {
    const { ok, output } = await command(file, args, { cwd, env });
    if (!ok) problems.push(`${what}\n${output}`);
    return ok;
  };

  const folder = project(scratch, "everything", packages, { "@types/node": "^24", ...peers });
  if (await check("npm does not install the tarballs", "npm", install, folder, outside)) {
    writeLoaders(folder);
    writeSources(folder);
    const nodes = [
      { name: "the system's Node", env: outside },
      { name: "Node 24", env: inside },
    ];
    for (const { name, env } of nodes) {
      await check(`${name} does not load the packages`, "node", ["load.mjs"], folder, env);
    }
    const compilations = compilers.flatMap((compiler) =>
      compiler.variants.map((variant) => ({ ...compiler, variant })),
    );
    await eachOfTwo(compilations, async ({ name, file, args, variant }) => {
      const config = `tsconfig.${variant}.json`;
      const out = join("out", name.replaceAll(" ", "-"), variant);
      const ok = await check(
        `${name} does not accept the packages (${config})`,
        file,
        [...args, "--pretty", "false", "--project", config, "--outDir", out],
        folder,
      );
      if (!ok) return;
      for (const node of nodes) {
        for (const program of programs[variant]) {
          const what = `${program}, compiled by ${name}, does not run on ${node.name}`;
          await check(what, "node", [join(out, program)], folder, node.env);
        }
      }
    });
  }

  await eachOfTwo(packages, async (each) => {
    const alone = project(scratch, `only-${each.noun}`, [each], {});
    if (!(await check(`npm does not install ${each.name} alone`, "npm", install, alone, outside))) return;
    // A required peer is installed with it, an optional one is not.
    const wanted = [each.name, "@sluice/core", ...Object.keys(each.peers)];
    const unwanted = installed(alone).filter((name) => !wanted.includes(name));
    if (unwanted.length > 0) problems.push(`${each.name} brings along ${unwanted.join(", ")}`);
    writeFileSync(join(alone, "load.mjs"), `await import("${each.name}");\n`);
    await check(`${each.name} alone does not load`, "node", ["load.mjs"], alone, outside);
  });

  problems.push(...(await optionalPeer(scratch)));
  if (problems.length === 0) return { ok: true, summary: `${packages.length} packages, together and each alone` };
  return { ok: false, broken: "What is packed does not work for a consumer.", output: problems.join("\n\n") };
}

/** Only `checkContract` needs fast-check: without it everything else loads. The oldest supported version is also tested. */
async function optionalPeer(scratch: string): Promise<string[]> {
  const testing = packages.filter(({ noun }) => noun === "testing");
  const check = `import { identity } from "@sluice/core";
import { mockService, VirtualClock } from "@sluice/testing";
void [mockService(), new VirtualClock()];
const { checkContract } = await import("@sluice/testing/contract");
console.log(String(await checkContract(() => identity(), { runs: 50, seed: 1 })));
`;
  const cases = [
    { name: "testing-without-fast-check", devDependencies: {}, says: "Cannot find package 'fast-check'" },
    { name: "testing-with-fast-check-3", devDependencies: { "fast-check": "~3.0.0" }, says: "0 broken" },
  ];
  const problems: string[] = [];
  for (const { name, devDependencies, says } of cases) {
    const folder = project(scratch, name, testing, devDependencies);
    writeFileSync(join(folder, "check.mjs"), check);
    const installs = await command("npm", install, { cwd: folder, env: outside });
    const { output } = installs.ok ? await command("node", ["check.mjs"], { cwd: folder, env: outside }) : installs;
    if (!output.includes(says)) problems.push(`${name}: it does not say "${says}"\n${output}`);
  }
  return problems;
}

/**
 * node16, bundler: how newer projects resolve modules. commonjs: `module: commonjs` and `strict`, and nothing else, which is node10 up to
 * TypeScript 5.9; the others add `exactOptionalPropertyTypes`. These three have only the types of a browser, and no `esnext.disposable`.
 * node-types: only the types of Node, and `esnext.disposable`. dom-and-node: both, as in an application with pages and a server.
 */
type Variant = "node16" | "bundler" | "commonjs" | "node-types" | "dom-and-node";

/** The compiled programs that are run. */
const programs: Readonly<Record<Variant, readonly string[]>> = {
  node16: ["consumer.mjs", "consumer.cjs"],
  bundler: [],
  commonjs: ["consumer.js"],
  "node-types": [],
  "dom-and-node": [],
};

interface Compiler {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly variants: readonly Variant[];
}

const compilers: readonly Compiler[] = [
  // The declarations of Node 24 need a newer TypeScript.
  scripted("TypeScript 5.4", "typescript-5.4", ["node16", "bundler", "commonjs"]),
  scripted("TypeScript 5.9", "typescript-5.9", ["node16", "commonjs", "dom-and-node"]),
  scripted("TypeScript 6", "typescript", ["node16", "commonjs"]),
  {
    name: "TypeScript 7",
    file: join(root, "node_modules/.bin/tsc"),
    args: [],
    variants: ["node16", "bundler", "commonjs", "node-types", "dom-and-node"],
  },
];

function scripted(name: string, folder: string, variants: readonly Variant[]): Compiler {
  return { name, file: "node", args: [join(root, "node_modules", folder, "lib/tsc.js")], variants };
}

/** The names of all packages that npm installed in a project. */
function installed(folder: string): string[] {
  const lock = JSON.parse(readFileSync(join(folder, "node_modules/.package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, unknown>>;
  };
  return Object.keys(lock.packages).map((path) => path.slice(path.lastIndexOf("node_modules/") + 13));
}

const specifiers = packages.flatMap((each) => each.entries.map((entry) => specifier(each, entry)));

/**
 * One program loads every entry point as an ES module and as CommonJS, and compares the names of the exports, and the `name` of exported
 * functions and classes: loggers print `error.name` and `error.constructor.name`.
 */
function writeLoaders(folder: string): void {
  writeFileSync(
    join(folder, "load.mjs"),
    `import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
for (const name of ${JSON.stringify(specifiers)}) {
  const modules = { import: await import(name), require: require(name) };
  const imported = Object.keys(modules.import).sort();
  const required = Object.keys(modules.require).sort();
  if (imported.length === 0) throw new Error(name + " exports nothing");
  if (imported.join() !== required.join()) {
    throw new Error(name + " exports " + imported + " to import, and " + required + " to require");
  }
  for (const [way, exported] of Object.entries(modules)) {
    for (const [key, value] of Object.entries(exported)) {
      // A bundler renames a class that names itself in its own body: use a function beside the class instead.
      if (typeof value === "function" && value.name !== key) {
        throw new Error(name + ", by " + way + ": the name of " + key + " is " + value.name);
      }
    }
  }
}
`,
  );
}

/** The exports of a library that wraps ours without annotations: its declarations name our types, and must find them. */
const library = `import { type AnyLayer, type AnyService, type Kind, type Layer, ServiceBuilder } from "@sluice/core";
import { either, mapResponse } from "@sluice/util";
export const builder = new ServiceBuilder().layer(mapResponse((n: number) => n > 1));
export const make = { layer: builder.layer, service: builder.service, serviceFn: builder.serviceFn };
export const wrapOf = <K extends Kind>(layer: Layer<K>) => layer.wrap;
export const around = <K extends Kind, L extends Kind, S extends AnyService>(k: Layer<K>, l: Layer<L>, service: S) =>
  new ServiceBuilder().layer(k).layer(l).service<S>(service as never);
export const perhaps = <L extends AnyLayer | undefined>(layer: L) => new ServiceBuilder().layer(layer);
export const one = <L extends AnyLayer, S extends AnyService>(layer: L, service: S) =>
  new ServiceBuilder().layer(either(true, layer, layer)).service<S>(service as never);
`;

/** Code that compiles only without `exactOptionalPropertyTypes`: fetch takes a signal that may be undefined. */
const inexact = `import { type Service, ServiceBuilder } from "@sluice/core";
import { mapResponse } from "@sluice/util";
export const fetched: Service<string, number, never> = new ServiceBuilder()
  .layer(mapResponse((response: Response) => response.status))
  .serviceFn(async (url: string, { signal }) => fetch(url, { signal }));
`;

/**
 * The same sources for both module kinds: all entry points, a library, and the program in tests/packed. A library of the other module kind
 * has separate types: `two-copies` compares them.
 */
function writeSources(folder: string): void {
  const importing = (names: readonly string[]) =>
    names.map((name, index) => `import * as all${index} from "${name}";\nvoid all${index};\n`).join("");
  const consumer = readFileSync(join(root, "tests/packed/consumer.ts"), "utf8");
  for (const extension of ["ts", "mts", "cts"]) {
    writeFileSync(join(folder, `every.${extension}`), importing(specifiers.filter((name) => !adapts(name))));
    writeFileSync(join(folder, `adapters.${extension}`), importing(specifiers.filter(adapts)));
    writeFileSync(join(folder, `library.${extension}`), library);
    writeFileSync(join(folder, `consumer.${extension}`), consumer);
  }
  writeFileSync(join(folder, "two-copies.mts"), readFileSync(join(root, "tests/packed/two-copies.mts"), "utf8"));
  writeFileSync(join(folder, "inexact.ts"), inexact);
  const options = {
    target: "es2022",
    strict: true,
    declaration: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    types: [] as string[],
    lib: ["es2022", "dom"],
  };
  const node16 = { ...options, module: "node16", moduleResolution: "node16" };
  const write = (variant: Variant, compilerOptions: object, files: readonly string[]) =>
    writeFileSync(join(folder, `tsconfig.${variant}.json`), JSON.stringify({ compilerOptions, files }, null, 2));
  const modules = ["every", "library", "consumer"].flatMap((name) => [`${name}.mts`, `${name}.cts`]);
  const plain = ["every.ts", "library.ts", "consumer.ts"];
  write("node16", node16, [...modules, "two-copies.mts"]);
  write("bundler", { ...options, module: "esnext", moduleResolution: "bundler" }, plain);
  write("commonjs", { ...options, module: "commonjs", exactOptionalPropertyTypes: false }, [...plain, "inexact.ts"]);
  write("node-types", { ...node16, types: ["node"], lib: ["es2022", "esnext.disposable"] }, [
    ...modules,
    "adapters.mts",
    "adapters.cts",
  ]);
  write("dom-and-node", { ...node16, types: ["node"], lib: ["es2022", "dom", "dom.iterable"] }, [
    ...modules,
    "adapters.mts",
    "adapters.cts",
  ]);
}

/** Whether an entry point adapts servers of Node.js: its declarations name their types, which a browser does not have. */
function adapts(name: string): boolean {
  return /\/(node|fastify|hono)$/.test(name);
}
