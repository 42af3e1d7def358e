import { expect, test } from "vitest";
import { withResolvers } from "../src/kit/with-resolvers.ts";

test("each promise is settled by its own", async () => {
  const first = withResolvers<string>();
  const second = withResolvers<string>();
  const third = withResolvers<string>();
  second.reject("no");
  third.resolve("third");
  first.resolve("first");
  await expect(second.promise).rejects.toBe("no");
  expect(await Promise.all([first.promise, third.promise])).toEqual(["first", "third"]);
});
