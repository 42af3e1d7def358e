// Makes a package in the shape of all others:  pnpm new-package <name> "<one sentence>" [--gate]
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "./command.ts";
import { completed, manifestOf } from "./manifest.ts";
import { gateFiles } from "./new-package/gate-files.ts";
import { middlewareFiles } from "./new-package/middleware-files.ts";
import { type NewPackage, sameFiles } from "./new-package/same-files.ts";

const { values, positionals } = parseArgs({
  options: { gate: { type: "boolean", default: false } },
  allowPositionals: true,
});
const [noun, sentence] = positionals;

if (!noun || !sentence || !/^[a-z]+(-[a-z]+)*$/.test(noun) || positionals.length > 2) {
  console.error(`usage: pnpm new-package <name-in-kebab-case> "<one sentence that says what it is for>" [--gate]
  --gate   a layer that decides who is let in, and when; default: one that leaves readiness alone`);
  process.exit(2);
}
const folder = `packages/${noun}`;
if (existsSync(join(root, folder, "package.json"))) {
  console.error(`${folder} is there already`);
  process.exit(1);
}

const camel = noun.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
const described: NewPackage = { noun, camel, pascal: camel[0]!.toUpperCase() + camel.slice(1), sentence };
const files = { ...sameFiles(described), ...(values.gate ? gateFiles : middlewareFiles)(described) };
const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

for (const [path, text] of Object.entries(files)) {
  const file = join(root, folder, path);
  if (existsSync(file)) continue;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
const manifest = {
  name: `@sluice/${noun}`,
  version: "0.0.0",
  description: sentence,
  keywords: ["backpressure", "middleware", "resilience", noun].sort(),
  sideEffects: false,
  exports: { ".": "./src/index.ts" },
  dependencies: { "@sluice/core": "workspace:*" },
  devDependencies: { "@sluice/test-kit": "workspace:*", "@sluice/testing": "workspace:*" },
  "size-limit": [{ path: "dist/index.js", limit: "1.5 kB", gzip: true, ignore: ["@sluice/core"] }],
};
writeFileSync(join(root, folder, "package.json"), json(completed(folder, manifest)));
writeFileSync(
  join(root, ".changeset", `new-${noun}.md`),
  `---\n"@sluice/${noun}": minor\n---\n\nAdded \`@sluice/${noun}\`: ${sentence}\n`,
);

// These may import any package, and the documentation's blocks are checked with the tests.
const users = ["examples", "tests"];
for (const user of users) {
  const { dependencies, ...rest } = manifestOf(user);
  const grown = { ...dependencies, [`@sluice/${noun}`]: "workspace:*" };
  const sorted = Object.entries(grown).sort(([one], [other]) => (one < other ? -1 : 1));
  writeFileSync(join(root, user, "package.json"), json({ ...rest, dependencies: Object.fromEntries(sorted) }));
}

const written = [folder, ...users.map((user) => `${user}/package.json`)];
execFileSync("oxfmt", [...written, `.changeset/new-${noun}.md`], { cwd: root, stdio: "inherit" });
execFileSync("pnpm", ["install", "--no-frozen-lockfile", "--prefer-offline"], { cwd: root, stdio: "inherit" });
console.log(`
${folder} is there. Next:
  write    ${folder}/src, its tests and its README.md
  test it  pnpm --filter @sluice/${noun} test
  all      pnpm test`);
