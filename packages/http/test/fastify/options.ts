import { ServiceBuilder } from "@sluice/core";
import { guard } from "@sluice/http/fastify";
import type { OptionTable } from "@sluice/test-kit";
import { aStack, edge } from "../node/options.ts";

const stack = new ServiceBuilder();

export const fastifyOptions: OptionTable = {
  entry: "fastify",
  parameters: [{ of: "guard", option: "stack", range: aStack, give: (each) => guard(each as typeof stack) }],
  objects: [{ of: "guard", base: {}, give: (options) => guard(stack, options), ranges: edge }],
  without: { signalOf: "takes a request" },
};
