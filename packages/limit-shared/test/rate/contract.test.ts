import { seed, schedules } from "@sluice/test-kit";
import { checkContract, type CheckOptions } from "@sluice/testing/contract";
import { expect, test } from "vitest";
import { memoryStore, sharedRateLimit, type SharedRateLimitOptions } from "../../src/index.ts";
import { serverClock } from "../helper/server-clock.ts";

const rate = { key: "k", limit: 4, interval: 1_000 };

const badOptions: CheckOptions["badOptions"] = (
  ["store", "key", "limit", "interval", "burst", "hold", "outage", "share", "fresh", "timeout", "clock"] as const
).flatMap((option) =>
  [-1, Number.NaN, null].map((value) => ({
    option,
    value,
    make: (bad: never) => sharedRateLimit({ store: memoryStore(), ...rate, [option]: bad }),
  })),
);

test.each<readonly [name: string, options: Partial<SharedRateLimitOptions>, warm: number]>([
  ["with tokens in stock", { hold: 600 }, 3],
  ["with none kept", { hold: 100 }, 1],
  ["with a burst of one", { burst: 1, hold: 100 }, 1],
])(
  "%s it keeps every promise of the contract, under random schedules",
  async (_name, options, warm) => {
    const report = await checkContract(
      ({ clock }) => {
        const { ours, servers } = serverClock(clock);
        return sharedRateLimit({ ...rate, ...options, clock: ours, store: memoryStore({ clock: servers }) });
      },
      { ready: (layer) => layer.warm(warm), observes: true, badOptions, runs: schedules(1_000), seed },
    );
    expect(report.ok ? "" : String(report)).toBe("");
  },
  60_000,
);
