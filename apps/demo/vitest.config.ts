import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    name: "demo",
    include: ["test/**/*.test.ts"],
    setupFiles: ["../../test-kit/src/fixed-randomness.ts"],
    // Some start the demo itself, which takes its time.
    testTimeout: 150_000,
    hookTimeout: 150_000,
    // Those have the machine for themselves.
    fileParallelism: false,
  },
});
