// Makes a package in the shape of all others:  pnpm new-package <name> "<one sentence>"
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const root = join(import.meta.dirname, "..");
const [name, sentence] = process.argv.slice(2);

if (!name || !sentence || !/^[a-z]+(-[a-z]+)*$/.test(name)) {
  console.error('usage: pnpm new-package <name-in-kebab-case> "<one sentence that says what it is for>"');
  process.exit(2);
}
const folder = join(root, "packages", name);
if (existsSync(join(folder, "package.json"))) {
  console.error(`packages/${name} is there already`);
  process.exit(1);
}

const camel = name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

const files: Record<string, string> = {
  "package.json": json({
    name: `@sluice/${name}`,
    version: "0.0.0",
    description: sentence,
    keywords: ["backpressure", "middleware", "resilience", name],
    license: "MIT",
    files: ["dist"],
    type: "module",
    sideEffects: false,
    exports: { ".": "./src/index.ts" },
    publishConfig: {
      access: "public",
      exports: {
        ".": {
          import: { types: "./dist/index.d.ts", default: "./dist/index.js" },
          require: { types: "./dist/index.d.cts", default: "./dist/index.cjs" },
        },
        "./package.json": "./package.json",
      },
    },
    scripts: {
      build: "tsup --config ../../tsup.config.ts",
      test: `vitest run --root ../.. --project ${name}`,
      typecheck: "tsc",
    },
    dependencies: { "@sluice/core": "workspace:^" },
    devDependencies: { "@sluice/testing": "workspace:^" },
    engines: { node: ">=20.19" },
    "size-limit": [{ path: "dist/index.js", limit: "1.5 kB", gzip: true, ignore: ["@sluice/core"] }],
  }),
  "tsconfig.json": json({ extends: "../../tsconfig.base.json", include: ["src", "test"] }),
  "README.md": `# @sluice/${name}\n\n${sentence}\n\n    npm install @sluice/${name} @sluice/core\n`,
  "src/index.ts": `/**\n * ${sentence}\n *\n * @packageDocumentation\n */\nexport { ${camel} } from "./${name}.ts";\n`,
  [`src/${name}.ts`]: `import { type Layer, middleware } from "@sluice/core";

/** ${sentence} */
export function ${camel}(): Layer {
  return middleware("${camel}", (request, next, options) => next(request, options));
}
`,
  "test/exports.test.ts": `import { expect, test } from "vitest";
import * as everything from "../src/index.ts";

test("the package exports these names and no others", () => {
  expect(Object.keys(everything).sort()).toEqual(["${camel}"]);
});
`,
  [`test/${name}.test.ts`]: `import { ServiceBuilder } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { ${camel} } from "../src/index.ts";

describe("when the inner service is ready", () => {
  test("a call reaches it, and its answer comes back", async () => {
    const service = new ServiceBuilder().layer(${camel}()).serviceFn((n: number) => Promise.resolve(n + 1));
    expect(await service.call(1)).toBe(2);
  });
});
`,
  "test/contract.test.ts": `import { checkContract } from "@sluice/testing/contract";
import { expect, test } from "vitest";
import { ${camel} } from "../src/index.ts";

test("keeps every promise of the contract, under random schedules", async () => {
  const report = await checkContract(() => ${camel}());
  expect(report.ok, report.toString()).toBe(true);
});
`,
  [`test/${name}.test-d.ts`]: `import { type Service, ServiceBuilder } from "@sluice/core";
import { expectTypeOf } from "vitest";
import { ${camel} } from "../src/index.ts";

const service = new ServiceBuilder().layer(${camel}()).serviceFn((n: number) => Promise.resolve(String(n)));

expectTypeOf(service).toEqualTypeOf<Service<number, string, never>>();

// @ts-expect-error the service takes a number
void service.call("1");
`,
};

for (const [path, text] of Object.entries(files)) {
  const file = join(folder, path);
  if (existsSync(file)) continue;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
writeFileSync(
  join(root, ".changeset", `new-${name}.md`),
  `---\n"@sluice/${name}": minor\n---\n\nAdded \`@sluice/${name}\`: ${sentence}\n`,
);

// These import whatever they like, and the documentation's blocks are checked among the tests.
for (const user of ["benchmarks", "examples", "tests"]) {
  const path = join(root, user, "package.json");
  const manifest = JSON.parse(readFileSync(path, "utf8")) as { dependencies: Record<string, string> };
  manifest.dependencies[`@sluice/${name}`] = "workspace:^";
  const sorted = Object.entries(manifest.dependencies).sort(([one], [other]) => (one < other ? -1 : 1));
  writeFileSync(path, json({ ...manifest, dependencies: Object.fromEntries(sorted) }));
}

execFileSync("oxfmt", [folder], { cwd: root, stdio: "inherit" });
execFileSync("pnpm", ["install", "--no-frozen-lockfile"], { cwd: root, stdio: "inherit" });
console.log(`
packages/${name} is there. Next:
  write    packages/${name}/src, its tests and its README.md
  test it  pnpm --filter @sluice/${name} test
  all      pnpm test`);
