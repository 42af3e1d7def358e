import * as redis from "@sluice/limit-shared/redis";
import { expect, test } from "vitest";

test("@sluice/limit-shared/redis exports exactly these", () => {
  expect(Object.keys(redis).sort()).toEqual(["redisStore"]);
});
