import { AsyncLocalStorage } from "node:async_hooks";
import { type AttemptEvent, events, type LayerEvent, partsOf } from "@sluice/core";
import { unhandledIn } from "@sluice/test-kit";
import { describe, expect, test } from "vitest";
import { hedge } from "../src/index.ts";
import { setUp } from "./helper/set-up.ts";

describe("what it tells", () => {
  test("a further attempt, and work that goes on after the answer until it has settled", async () => {
    const heard: LayerEvent[] = [];
    const subscription = events.subscribe((event) => heard.push(event));
    const { clock, service, arrived } = setUp({ label: "prices" });
    await clock.advance(7);
    const answer = service.call("a");
    await clock.advance(100);
    const [first, second] = await arrived(2);
    second?.respond("ok");
    await answer;
    await clock.advance(30);
    first?.fail(new Error("left"));
    await clock.advance(0);
    subscription[Symbol.dispose]();
    const common = { layer: "hedge", label: "prices", source: heard[0]?.source };
    expect(heard).toEqual([
      { type: "hedge", ...common, attempt: 2, after: 100 },
      { type: "abandoned", ...common, attempt: 1, settled: false, after: 0 },
      { type: "abandoned", ...common, attempt: 1, settled: true, after: 30 },
    ]);
  });

  test("nobody who came meanwhile is told of the end alone: a listener that left hears no more", async () => {
    const heard: string[] = [];
    const subscription = events.subscribe(({ type }) => heard.push(type));
    const { clock, service, arrived } = setUp();
    const answer = service.call("a");
    await clock.advance(100);
    const [first, second] = await arrived(2);
    second?.respond("ok");
    await answer;
    subscription[Symbol.dispose]();
    first?.respond("late");
    await clock.advance(0);
    expect(heard).toEqual(["hedge", "abandoned"]);
  });

  test("all of a further attempt runs inside what is carried, and none of what comes after it does", async () => {
    const storage = new AsyncLocalStorage<number>();
    const carried: AttemptEvent[] = [];
    const carrier = events.carry((event, run) => {
      carried.push(event);
      return storage.run(event.attempt, run);
    });
    const seen: unknown[] = [];
    const { clock, service, arrived } = setUp({
      attempts: 3,
      delay(attempt) {
        seen.push(["delay", attempt, storage.getStore()]);
        return 100;
      },
    });
    const answer = service.call("a");
    await clock.advance(100);
    await clock.advance(100);
    carrier[Symbol.dispose]();
    const [first] = await arrived(3);
    first?.respond("ok");
    await answer;
    expect(carried.map(({ type, layer, attempt }) => [type, layer, attempt])).toEqual([
      ["attempt", "hedge", 2],
      ["attempt", "hedge", 3],
    ]);
    expect(seen).toEqual([
      ["delay", 2, undefined],
      ["delay", 3, undefined],
    ]);
  });

  test.each<[string, number, (run: () => unknown) => unknown]>([
    [
      "throws before the attempt",
      1,
      () => {
        throw new Error("broken");
      },
    ],
    [
      "throws after it has begun",
      1,
      (run) => {
        run();
        throw new Error("broken");
      },
    ],
    ["forgets it", 0, () => undefined],
  ])(
    "a provider that %s costs no request its answer, and what it throws is reported",
    async (_how, reports, provider) => {
      const carrier = events.carry((_event, run) => provider(run) as ReturnType<typeof run>);
      const { clock, service, handle, arrived } = setUp();
      const answers: string[] = [];
      const unhandled = await unhandledIn(async () => {
        void service.call("a").then((answer) => answers.push(answer));
        await clock.advance(100);
        const [first, second] = await arrived(2);
        first?.respond("ok");
        await clock.advance(0);
        second?.respond("late");
        await clock.advance(0);
      });
      carrier[Symbol.dispose]();
      expect(answers).toEqual(["ok"]);
      expect(unhandled).toHaveLength(reports);
      expect([handle.calls, handle.reserved, handle.active]).toEqual([2, 0, 0]);
    },
  );

  test("it says of itself what it was made with, and is one layer around one service", () => {
    const layer = hedge({ delay: 50, quantile: 0.95, attempts: 3, label: "prices" });
    expect(layer.about).toEqual({
      label: "prices",
      traits: ["repeats"],
      facts: { delay: 50, quantile: 0.95, attempts: 3, budget: false },
    });
    const byFunction = hedge({ delay: () => 5, budget: { deposit() {}, withdraw: () => true } });
    expect(byFunction.about?.facts).toEqual({ delay: undefined, quantile: undefined, attempts: 2, budget: true });
    const { service } = setUp();
    const parts = partsOf(service);
    expect(parts !== undefined && "layer" in parts && parts.layer.name).toBe("hedge");
    expect(parts !== undefined && "inner" in parts && partsOf(parts.inner)).toBeUndefined();
  });

  test("it writes its counters as JSON", () => {
    expect(JSON.parse(JSON.stringify(hedge({ delay: 50, label: "prices" })))).toEqual({
      name: "hedge",
      label: "prices",
      hedges: 0,
      wins: 0,
      skipped: 0,
      denied: 0,
      abandoned: 0,
      delayNow: 50,
    });
  });
});
