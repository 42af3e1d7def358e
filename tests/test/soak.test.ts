import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

// Older Nodes do not run TypeScript.
test.skipIf(!process.features.typescript)(
  "when twenty thousand operations have gone through whole stacks, nothing is left behind",
  () => {
    const soak = join(import.meta.dirname, "../soak/soak.ts");
    const { status, stderr } = spawnSync(process.execPath, ["--expose-gc", soak, "--quick"], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(status).toBe(0);
  },
);
