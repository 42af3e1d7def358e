import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { command, eachOfTwo, root } from "../command.ts";
import { outside } from "../outside.ts";
import { packages, specifier, type Package } from "../workspace.ts";
import { tarball } from "./packages.ts";
import type { Context, Outcome } from "./step.ts";

const inside = process.env;

/** Packages that may bring others along, beside core. Every other one is installed with core and nothing else. */
const bring: Readonly<Record<string, readonly string[]>> = { testing: ["fast-check", "pure-rand"] };

/** Installs the tarballs into empty projects, as somebody would who has never seen this workspace, and uses them. */
export async function packedInstall({ scratch }: Context): Promise<Outcome> {
  const problems: string[] = [];
  const check = async (what: string, file: string, args: readonly string[], cwd: string, env = inside) => {
    const { ok, output } = await command(file, args, { cwd, env });
    if (!ok) problems.push(`${what}\n${output}`);
    return ok;
  };

  const folder = project(scratch, "everything", packages, { "@types/node": "^24" });
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
    await eachOfTwo(compilers, async ({ name, file, args }) => {
      for (const variant of variants) {
        const config = `tsconfig.${variant}.json`;
        if (name === "TypeScript 5.4" && variant === "node-types") continue;
        const out = join("out", name.replaceAll(" ", "-"), variant);
        const ok = await check(
          `${name} does not accept the packages (${config})`,
          file,
          [...args, "--pretty", "false", "--project", config, "--outDir", out],
          folder,
        );
        if (!ok || variant !== "node16") continue;
        for (const node of nodes) {
          for (const program of ["consumer.mjs", "consumer.cjs"]) {
            const what = `${program}, compiled by ${name}, does not run on ${node.name}`;
            await check(what, "node", [join(out, program)], folder, node.env);
          }
        }
      }
    });
  }

  await eachOfTwo(packages, async (each) => {
    const alone = project(scratch, `only-${each.noun}`, [each], {});
    if (!(await check(`npm does not install ${each.name} alone`, "npm", install, alone, outside))) return;
    const beside = installed(alone).filter((name) => name !== each.name && name !== "@sluice/core");
    const unwanted = beside.filter((name) => !bring[each.noun]?.includes(name));
    if (unwanted.length > 0) problems.push(`${each.name} brings along ${unwanted.join(", ")}`);
    writeFileSync(join(alone, "load.mjs"), `await import("${each.name}");\n`);
    await check(`${each.name} alone does not load`, "node", ["load.mjs"], alone, outside);
  });

  if (problems.length === 0) return { ok: true, summary: `${packages.length} packages, together and each alone` };
  return { ok: false, broken: "What is packed does not work for a consumer.", output: problems.join("\n\n") };
}

const install = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline", "--loglevel=error"];

const compilers = [
  { name: "TypeScript 5.4", file: "node", args: [join(root, "node_modules/typescript-5.4/lib/tsc.js")] },
  { name: "the newest TypeScript", file: join(root, "node_modules/.bin/tsc"), args: [] },
];

/** node16 and bundler: nothing but what a browser has. node-types: nothing but what Node has. */
const variants = ["node16", "bundler", "node-types"] as const;

function project(
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
    // What the packages depend on is not published yet.
    overrides: from(packages.filter((each) => !wanted.includes(each))),
  };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest, null, 2));
  return folder;
}

/** The names of all that npm put into a project. */
function installed(folder: string): string[] {
  const lock = JSON.parse(readFileSync(join(folder, "node_modules/.package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, unknown>>;
  };
  return Object.keys(lock.packages).map((path) => path.slice(path.lastIndexOf("node_modules/") + 13));
}

const specifiers = packages.flatMap((each) => each.entries.map((entry) => specifier(each, entry)));

/**
 * One program loads every entry point both ways and compares the names of what they export, and those that functions
 * and classes themselves have: loggers print `error.name` and `error.constructor.name`.
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
      // A bundler renames a class that names itself in its own body: let a function beside the class do so.
      if (typeof value === "function" && value.name !== key) {
        throw new Error(name + ", by " + way + ": the name of " + key + " is " + value.name);
      }
    }
  }
}
`,
  );
}

/** The same sources for both module kinds: all entry points, and the program in tests/packed. */
function writeSources(folder: string): void {
  const every = specifiers
    .map((name, index) => `import * as all${index} from "${name}";\nvoid all${index};\n`)
    .join("");
  const consumer = readFileSync(join(root, "tests/packed/consumer.ts"), "utf8");
  for (const extension of ["ts", "mts", "cts"]) {
    writeFileSync(join(folder, `every.${extension}`), every);
    writeFileSync(join(folder, `consumer.${extension}`), consumer);
  }
  const options = {
    target: "es2022",
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    types: [] as string[],
    lib: ["es2022", "esnext.disposable", "dom"],
  };
  const node16 = { ...options, module: "node16", moduleResolution: "node16" };
  const write = (variant: (typeof variants)[number], compilerOptions: object, files: readonly string[]) =>
    writeFileSync(join(folder, `tsconfig.${variant}.json`), JSON.stringify({ compilerOptions, files }, null, 2));
  const modules = ["every.mts", "every.cts", "consumer.mts", "consumer.cts"];
  write("node16", node16, modules);
  write("bundler", { ...options, module: "esnext", moduleResolution: "bundler" }, ["every.ts", "consumer.ts"]);
  write("node-types", { ...node16, types: ["node"], lib: ["es2022", "esnext.disposable"] }, modules);
}
