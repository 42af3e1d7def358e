import { ServiceBuilder } from "@sluice/core";
import { guard } from "@sluice/http/hono";
import type { OptionTable } from "@sluice/test-kit";
import { aStack, edge } from "../node/options.ts";

const stack = new ServiceBuilder();

export const honoOptions: OptionTable = {
  entry: "hono",
  parameters: [{ of: "guard", option: "stack", range: aStack, give: (each) => guard(each as typeof stack) }],
  objects: [{ of: "guard", base: {}, give: (options) => guard(stack, options), ranges: edge }],
};
