import type { OptionTable } from "@sluice/test-kit";
import { clientOptions } from "./client/options.ts";
import { serverOptions } from "./server/options.ts";

const tables = [serverOptions, clientOptions];

export const optionTable: OptionTable = {
  parameters: tables.flatMap(({ parameters = [] }) => parameters),
  objects: tables.flatMap(({ objects = [] }) => objects),
  without: Object.assign({}, ...tables.map(({ without }) => without)) as Readonly<Record<string, string>>,
};
export { fastifyOptions } from "./fastify/options.ts";
export { honoOptions } from "./hono/options.ts";
export { nodeOptions } from "./node/options.ts";
export { undiciTable } from "./undici/options.ts";
