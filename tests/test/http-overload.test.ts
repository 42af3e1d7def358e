import { seed } from "@sluice/test-kit";
import { expect, test } from "vitest";
import { overload } from "../soak/http/overload.ts";
import { serve } from "../soak/http/served.ts";
import { generator } from "../soak/load.ts";

// With full numbers: `pnpm soak:http`, which also checks how much is served. Older Nodes do not run TypeScript.
test.skipIf(!process.features.typescript)(
  "under six times its capacity a server answers each request once, and runs no more than its limit",
  async () => {
    const faults: string[] = [];
    const fault = (what: string) => void faults.push(what);
    const hardened = { times: { keepAliveTimeout: 60_000 }, options: {} };
    await using served = await serve({ permits: 5, work: 20, hardened });
    const seen = await overload({ served, permits: 5, times: 6, seconds: 1, random: generator(seed), fault });
    expect(faults).toEqual([]);
    expect(seen.good + seen.refused).toBe(seen.asked);
    expect(seen.good).toBeGreaterThan(0);
    expect(seen.refused).toBeGreaterThan(0);
    expect((await served.counted()).most.work).toBeLessThanOrEqual(5);
  },
);
