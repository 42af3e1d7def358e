import { expect, test } from "vitest";
import * as core from "@sluice/core";

test("packages find each other", () => {
  expect(core).toBeDefined();
});
