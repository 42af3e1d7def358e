import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const folder = join(import.meta.dirname, "packages");
const packages = readdirSync(folder).filter((name) => existsSync(join(folder, name, "package.json")));

/** Files in the order of their names. Vitest's own order depends on how long they took the last time, and so on the machine. */
class ByName extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = [...files].sort((a, b) => (a.moduleId < b.moduleId ? -1 : 1));
    return Promise.resolve(sorted);
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: ByName },
    // One project a package, so that `vitest --project limit` tests one alone.
    projects: [
      // Test files of a package share a process, which is quicker than one for each, and one that leaves something behind breaks another.
      ...packages.map((name) => ({
        extends: true as const,
        test: { name, root: `packages/${name}`, isolate: false },
      })),
      { extends: true as const, test: { name: "lab", root: "apps/lab" } },
      { extends: true as const, test: { name: "test-kit", root: "test-kit" } },
      { extends: true as const, test: { name: "scripts", root: "scripts" } },
      { extends: true as const, test: { name: "tests", root: "tests", include: ["{test,models}/**/*.test.ts"] } },
    ],
    include: ["test/**/*.test.ts"],
    // All that is drawn at random is the same on every machine.
    setupFiles: [join(import.meta.dirname, "test-kit/src/fixed-randomness.ts")],
    // A test that leaves a promise rejected behind it fails.
    dangerouslyIgnoreUnhandledErrors: false,
    // Nothing sleeps, so nothing is slow, but on a machine that has other work: these are for what would never end.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    coverage: {
      provider: "v8",
      // Every source file counts, also one that no test imports.
      include: ["packages/*/src/**/*.ts"],
      reporter: [["text", { skipFull: true }], "json-summary"],
      // Each package for itself: none hides behind the others.
      thresholds: Object.fromEntries(packages.map((name) => [`packages/${name}/src/**`, { branches: 95 }])),
    },
  },
});
