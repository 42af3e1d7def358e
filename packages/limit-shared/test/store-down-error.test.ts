import { isRefusal } from "@sluice/core";
import { expect, test } from "vitest";
import { isStoreDownError, StoreDownError } from "../src/index.ts";

test("it is a refusal, and says who refused and what the store said", () => {
  const cause = new Error("connect ECONNREFUSED");
  const error = new StoreDownError("sharedRateLimit", { label: "db", retryAfter: 250, cause });
  expect(isStoreDownError(error) && isRefusal(error)).toBe(true);
  expect(error.cause).toBe(cause);
  expect(error.toJSON()).toEqual({
    name: "StoreDownError",
    message: "Refused: the store of a shared limit cannot be reached.",
    code: "ERR_SLUICE_STORE_DOWN",
    layer: "sharedRateLimit",
    label: "db",
    reason: "store",
    retryAfter: 250,
  });
  expect(error.stack).toBe("StoreDownError: Refused: the store of a shared limit cannot be reached.");
});

test("nothing else is one, and one need not say anything", () => {
  expect([undefined, null, {}, new Error("x")].some(isStoreDownError)).toBe(false);
  expect(new StoreDownError()).toMatchObject({ layer: undefined, label: undefined, retryAfter: undefined });
});
