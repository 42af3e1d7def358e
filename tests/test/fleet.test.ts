import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { serverForTests } from "@sluice/test-kit/redis";
import { expect, test } from "vitest";

const real = await serverForTests();

// Older Nodes do not run TypeScript.
test.skipIf(real.missing || !process.features.typescript)(
  `when faults befall a fleet over ${real.name}, its limits hold`,
  { timeout: 120_000 },
  () => {
    const soak = join(import.meta.dirname, "../fleet/soak.ts");
    const { status, stderr } = spawnSync(process.execPath, [soak, "--quick"], { encoding: "utf8", timeout: 110_000 });
    expect(stderr).toBe("");
    expect(status).toBe(0);
  },
);
