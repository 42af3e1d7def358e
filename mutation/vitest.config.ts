import { readdirSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

// This is read in the copy of the tree that holds the mutants; node_modules there lead back to the tree it was copied
// from, so that packages would meet each other unmutated.
const root = join(import.meta.dirname, "..");
const packages = readdirSync(join(root, "packages"));

export default defineConfig({
  resolve: {
    alias: [
      ...["internal", "kit", "stats"].map((entry) => ({
        find: `@sluice/core/${entry}`,
        replacement: join(root, `packages/core/src/${entry}.ts`),
      })),
      { find: /^@sluice\/test-kit$/, replacement: join(root, "test-kit/src/index.ts") },
      ...packages.map((name) => ({
        find: new RegExp(`^@sluice/${name}$`),
        replacement: join(root, "packages", name, "src/index.ts"),
      })),
    ],
  },
  test: {
    root,
    include: [`packages/${process.env["MUTATED_PACKAGE"]}/test/**/*.test.ts`],
    // No mutant is found, or overlooked, by chance.
    setupFiles: [join(root, "test-kit/src/fixed-randomness.ts")],
    // Long enough for a busy machine, where a test of 3,000 schedules takes its time. A mutant that never ends is stopped from outside (mutate.ts).
    testTimeout: 30_000,
    // A mutant that 500 schedules do not notice is hardly noticed by six times as many, and each is tried on all of them.
    env: { SLUICE_SCHEDULES: "1667" },
  },
});
