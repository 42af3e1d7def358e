import { seed, schedules } from "@sluice/test-kit";
import { checkContract, type CheckOptions } from "@sluice/testing/contract";
import { expect, test } from "vitest";
import { memoryStore, sharedConcurrencyLimit, type SharedConcurrencyLimitOptions } from "../../src/index.ts";
import { serverClock } from "../helper/server-clock.ts";

const slots = { key: "k", max: 3 };

const badOptions: CheckOptions["badOptions"] = (
  ["store", "key", "max", "ttl", "refresh", "linger", "until", "outage", "share", "timeout", "clock"] as const
).flatMap((option) =>
  [-1, Number.NaN, null].map((value) => ({
    option,
    value,
    make: (bad: never) => sharedConcurrencyLimit({ store: memoryStore(), ...slots, [option]: bad }),
  })),
);

test.each<readonly [name: string, options: Partial<SharedConcurrencyLimitOptions>, warm: number]>([
  ["with all slots at first", {}, 3],
  ["with one at first, that is hardly kept", { linger: 1 }, 1],
  ["with a lease that ends soon, and streamed bodies", { ttl: 300, until: () => Promise.resolve() }, 3],
])(
  "%s it keeps every promise of the contract, under random schedules",
  async (_name, options, warm) => {
    const report = await checkContract(
      ({ clock }) => {
        const { ours, servers } = serverClock(clock);
        return sharedConcurrencyLimit({ ...slots, ...options, clock: ours, store: memoryStore({ clock: servers }) });
      },
      { ready: (layer) => layer.warm(warm), observes: true, badOptions, runs: schedules(1_000), seed },
    );
    expect(report.ok ? "" : String(report)).toBe("");
  },
  60_000,
);
