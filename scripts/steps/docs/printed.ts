// Loaded before a program of a page: writes down what each `console.log` prints, and on which line of the program it stands.
import { appendFileSync } from "node:fs";
import { format } from "node:util";

const file = process.env["SLUICE_PRINTED"];
const { log } = console;
console.log = (...values: unknown[]): void => {
  log(...values);
  const [, line] = /docs-[^/]*\/[^/]*\.ts:(\d+)/.exec(new Error().stack ?? "") ?? [];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ line: Number(line), text: format(...values) })}\n`);
};
