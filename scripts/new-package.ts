// Makes a package in the shape of all others:  pnpm new-package <name> "<one sentence>"
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
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
  [`src/${name}.ts`]: `/** ${sentence} */\nexport function ${camel}(): string {\n  return "${camel}";\n}\n`,
  "test/exports.test.ts": `import { expect, test } from "vitest";
import * as ${camel}Package from "../src/index.ts";

test("the package exports these names and no others", () => {
  expect(Object.keys(${camel}Package).sort()).toEqual(["${camel}"]);
});
`,
  [`test/${name}.test-d.ts`]: `import { expectTypeOf } from "vitest";
import { ${camel} } from "../src/index.ts";

// @ts-expect-error it takes no arguments yet
${camel}(1);

expectTypeOf(${camel}).toBeFunction();
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

execFileSync("oxfmt", [folder], { cwd: root, stdio: "inherit" });
execFileSync("pnpm", ["install", "--no-frozen-lockfile"], { cwd: root, stdio: "inherit" });
console.log(`
packages/${name} is there. Next:
  write    packages/${name}/src, its tests and its README.md
  test it  pnpm --filter @sluice/${name} test
  all      pnpm test`);
