import { failureOf } from "@sluice/test-kit";
import { expect, test } from "vitest";
import { memoryStore } from "../../src/store/memory-store.ts";
import { shareAsk, takeAsk } from "../helper/asks.ts";

test("goes by the system's time where it is given none", async () => {
  const store = memoryStore();
  expect(await store.take("a", takeAsk({ count: 20, interval: 3_600_000 }))).toMatchObject({ granted: 10 });
  expect(await store.take("a", takeAsk({ number: 2, interval: 3_600_000 }))).toMatchObject({ granted: 0 });
});

test("rejects a key that is empty, and does not throw", async () => {
  const store = memoryStore();
  const error = new TypeError('memoryStore: key must be a non-empty string; received ""');
  expect(await failureOf(store.take("", takeAsk()))).toEqual(error);
  expect(await failureOf(store.share("", shareAsk()))).toEqual(error);
});
