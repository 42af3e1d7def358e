// Measures, and prints the results:  pnpm bench [question ...] [--quick]
import { parseArgs } from "node:util";
import { ask, questions } from "./ask.ts";
import { installPeers } from "./peers.ts";
import { machine } from "./result.ts";
import { print } from "./table.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: "boolean", default: false } },
});
const unknown = positionals.find((name) => !questions.includes(name));
if (unknown !== undefined) {
  console.error(`There is no question "${unknown}". The questions: ${questions.join(", ")}`);
  process.exit(2);
}

installPeers();
console.log(`${machine()}\n`);
for (const name of positionals.length > 0 ? positionals : questions) print(await ask(name, values));
