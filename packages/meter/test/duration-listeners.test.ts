import { AsyncLocalStorage } from "node:async_hooks";
import { gate, Semaphore, ServiceBuilder } from "@sluice/core";
import { processWide } from "@sluice/core/kit";
import { unhandledIn } from "@sluice/test-kit";
import { VirtualClock } from "@sluice/testing";
import { afterEach, expect, test } from "vitest";
import { meter, type MeterOptions } from "../src/index.ts";

type Listener = (meter: object, what: string, ms: number) => void;

/** Where exporters that do not import the package say that they listen. */
const listeners = processWide<{ all: readonly Listener[] | undefined }>("meter-durations", { all: undefined });
afterEach(() => {
  listeners.all = undefined;
});

function setUp(options: MeterOptions = {}) {
  const clock = new VirtualClock();
  const seen = meter("seen", { clock, ...options });
  const service = new ServiceBuilder()
    .layer(seen)
    .layer(gate(new Semaphore(1, { clock }), { name: "slots" }))
    .serviceFn((ms: number) => new Promise<void>((done) => clock.setTimeout(done, ms)));
  return { clock, seen, service };
}

test("each wait and each call that is timed is told, in the async context of its caller", async () => {
  const { clock, seen, service } = setUp();
  const caller = new AsyncLocalStorage<string>();
  const heard: unknown[][] = [];
  listeners.all = [(...told) => heard.push([...told, caller.getStore()])];
  const calls = ["first", "second"].map((name, index) => caller.run(name, () => service.call([30, 5][index]!)));
  await clock.advanceAsync(30);
  await clock.advanceAsync(5);
  await Promise.all(calls);
  const told = heard.sort(([, one], [, other]) => String(one).localeCompare(String(other)));
  expect(told).toEqual([
    [seen, "call", 30, "first"],
    [seen, "call", 5, "second"],
    [seen, "wait", 30, "second"],
  ]);
});

test("a listener that throws is reported, and harms neither the call nor the other listener nor the count", async () => {
  const { seen, service } = setUp();
  const heard: string[] = [];
  const trap = (): never => {
    throw new Error("trap");
  };
  listeners.all = [trap, (_meter, what) => heard.push(what)];
  const reported = await unhandledIn(async () => {
    const permit = await service.ready();
    permit.release();
    const quick = new ServiceBuilder().layer(seen).serviceFn(async () => "ok");
    expect(await quick.call(1)).toBe("ok");
  });
  expect(reported).toEqual([new Error("trap")]);
  expect([heard, seen.snapshot().duration.count]).toEqual([["call"], 1]);
});

test("without durations nobody is told of any", async () => {
  const { clock, service } = setUp({ durations: false });
  const heard: string[] = [];
  listeners.all = [(_meter, what) => heard.push(what)];
  const calls = [service.call(5), service.call(5)];
  await clock.advanceAsync(5);
  await clock.advanceAsync(5);
  await Promise.all(calls);
  expect(heard).toEqual([]);
});
