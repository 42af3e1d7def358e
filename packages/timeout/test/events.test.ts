import { AsyncLocalStorage } from "node:async_hooks";
import { events, type LayerEvent, ServiceBuilder } from "@sluice/core";
import { VirtualClock } from "@sluice/testing";
import { afterEach, describe, expect, test } from "vitest";
import { timeout, type TimeoutOptions } from "../src/index.ts";

const subscriptions: Disposable[] = [];

afterEach(() => {
  for (const subscription of subscriptions.splice(0)) subscription[Symbol.dispose]();
});

/** A timeout around work that ends when the test says so, and what it announces. */
function setUp(options: Omit<TimeoutOptions, "clock"> = { call: 100 }) {
  const clock = new VirtualClock();
  const heard: LayerEvent[] = [];
  const layer = timeout({ ...options, clock });
  const ends: (() => void)[] = [];
  const service = new ServiceBuilder()
    .layer(layer)
    .serviceFn((_request: string) => new Promise<void>((resolve) => ends.push(resolve)));
  const call = (request: string, deadline?: number): void => {
    service.call(request, { deadline }).catch(() => {});
  };
  const listen = (): void => void subscriptions.push(events.subscribe((event) => heard.push(event)));
  return { clock, heard, layer, ends, call, listen };
}

describe("events of a timeout", () => {
  test("it announces what it gives up on, and when that work has settled", async () => {
    const { clock, heard, ends, call, listen } = setUp({ call: 100, label: "db" });
    listen();
    call("a");
    await clock.advance(100);
    const common = { layer: "timeout", label: "db", source: heard[0]!.source };
    const told = [
      { type: "timeout", ...common, phase: "call", ms: 100 },
      { type: "abandoned", ...common, settled: false, after: 0 },
    ];
    expect(heard).toEqual(told);
    await clock.advance(30);
    ends[0]!();
    await clock.advance(0);
    expect(heard).toEqual([...told, { type: "abandoned", ...common, settled: true, after: 30 }]);
  });

  test("work during which the clock was set back has gone on for as long as the clock has gone since", async () => {
    const { clock, heard, ends, call, listen } = setUp({ call: 100 });
    listen();
    call("a");
    await clock.advance(100);
    clock.jump(-1_000);
    ends[0]!();
    await clock.advance(0);
    expect(heard.at(-1)).toMatchObject({ type: "abandoned", settled: true, after: 0 });
  });

  test("a deadline that has passed is announced, too, and abandons nothing", async () => {
    const { clock, heard, call, listen } = setUp();
    listen();
    await clock.advance(10);
    call("a", 5);
    expect(heard).toMatchObject([{ type: "timeout", phase: "deadline", ms: 0 }]);
  });

  test("the source is the same for the same layer, and another for another", async () => {
    const [one, other] = [setUp(), setUp()];
    one.listen();
    for (const { call, clock } of [one, one, other]) {
      call("a");
      await clock.advance(100);
    }
    const [first, second, third] = one.heard.filter(({ type }) => type === "timeout").map(({ source }) => source);
    expect(first).toBe(second);
    expect(first).not.toBe(third);
  });

  test("listeners run in the context of the caller, and what is announced while nobody listens is not repeated", async () => {
    const context = new AsyncLocalStorage<string>();
    const { clock, ends, call } = setUp();
    const seen: string[] = [];
    for (const name of ["a", "b"]) context.run(name, () => call(name));
    const subscription = events.subscribe(({ type }) => seen.push(`${type} in ${context.getStore()}`));
    await context.run("elsewhere", () => clock.advance(100));
    expect(seen).toEqual(["timeout in a", "abandoned in a", "timeout in b", "abandoned in b"]);
    subscription[Symbol.dispose]();
    for (const end of ends) end();
    await clock.advance(0);
    expect(seen).toHaveLength(4);
  });

  test("it says what it is", () => {
    const { layer } = setUp({ ready: 10, total: 20, label: "db" });
    expect(layer.about).toEqual({
      label: "db",
      traits: ["times-out"],
      facts: { ready: 10, call: undefined, total: 20 },
    });
    expect(JSON.parse(JSON.stringify(layer))).toEqual({ name: "timeout", label: "db", timedOut: 0, abandoned: 0 });
  });
});
