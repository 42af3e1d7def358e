import { ServiceBuilder } from "@sluice/core";
import { mockService } from "@sluice/testing";
import { expect, test } from "vitest";
import { coalesce } from "../src/index.ts";

// What users of other libraries saw.

test("cacheable #888, #977: a stampede: everybody who misses while the first is on its way makes a call", async () => {
  const [inner, handle] = mockService<string, string>();
  const service = new ServiceBuilder().layer(coalesce({ key: (request: string) => request })).service(inner);
  const answers: Promise<string>[] = [];
  for (let turn = 0; turn < 10; turn++) {
    for (let caller = 0; caller < 100; caller++) answers.push(service.call("a"));
    await Promise.resolve();
  }
  (await handle.nextRequest()).respond("A");
  expect(new Set(await Promise.all(answers)).size).toBe(1);
  expect(handle.calls).toBe(1);
});

test("lru-cache #320, #388: one caller's abort rejects all who wait for the same fetch", async () => {
  const [inner, handle] = mockService<string, string>();
  const service = new ServiceBuilder().layer(coalesce({ key: (request: string) => request })).service(inner);
  const controller = new AbortController();
  const aborted = service.call("a", { signal: controller.signal });
  const other = service.call("a");
  controller.abort(new Error("mine"));
  await expect(aborted).rejects.toThrow("mine");
  (await handle.nextRequest()).respond("A");
  expect(await other).toBe("A");
});

test("a failure that nobody looks at is reported for each caller, and one that is handled is not", async () => {
  const reported: unknown[] = [];
  const listen = (reason: unknown): void => void reported.push(reason);
  const before = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", listen);
  try {
    const [inner, handle] = mockService<string, string>();
    const service = new ServiceBuilder().layer(coalesce({ key: (request: string) => request })).service(inner);
    void service.call("a").catch(() => {});
    void service.call("a");
    (await handle.nextRequest()).fail("down");
    await new Promise(setImmediate);
    expect(reported).toEqual(["down"]);
  } finally {
    process.removeListener("unhandledRejection", listen);
    for (const listener of before) process.on("unhandledRejection", listener);
  }
});
