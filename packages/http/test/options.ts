import type { OptionTable } from "@sluice/test-kit";
import { serverOptions } from "./server/options.ts";

const tables = [serverOptions];

export const optionTable: OptionTable = {
  parameters: tables.flatMap(({ parameters = [] }) => parameters),
  objects: tables.flatMap(({ objects = [] }) => objects),
  without: Object.assign({}, ...tables.map(({ without }) => without)) as Readonly<Record<string, string>>,
};
export { fastifyOptions } from "./fastify/options.ts";
export { honoOptions } from "./hono/options.ts";
export { nodeOptions } from "./node/options.ts";
