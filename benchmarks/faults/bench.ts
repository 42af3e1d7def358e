// Runs the same tests on Sluice and its peers:
//   pnpm bench:faults                  all of them, into docs/reliability.md
//   pnpm bench:faults --only Sluice    some, printed; fails where one of Sluice's cells is a fault
//   pnpm bench:faults --untimed        without those that measure time, for a busy machine
import { parseArgs } from "node:util";
import { installPeers } from "../harness/peers.ts";
import { askAll } from "./ask.ts";
import { libraries } from "./libraries/libraries.ts";
import { writePage } from "./page.ts";
import { themes } from "./themes.ts";

const { values } = parseArgs({ options: { only: { type: "string" }, untimed: { type: "boolean" } } });
const faults = themes
  .flatMap((theme) => theme.faults)
  .filter(({ alone }) => values.untimed !== true || alone === undefined);
const names = values.only?.split(",");
const asked = libraries.filter(({ name }) => names?.includes(name) ?? true);
const unknown = names?.filter((name) => !libraries.some((each) => each.name === name)) ?? [];
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(", ")}. The libraries: ${libraries.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}

if (asked.some(({ name }) => name !== "Sluice")) installPeers();
const began = performance.now();
const answers = await askAll(asked, faults, console.log);
const seconds = (performance.now() - began) / 1_000;
if (names === undefined && values.untimed !== true) console.log(`Written: ${writePage(answers, seconds)}`);

const ours = [...answers].flatMap(([fault, cells]) =>
  [...cells].filter(([{ name }, { verdict }]) => name === "Sluice" && verdict === "broken").map(() => fault.name),
);
console.log(`${seconds.toFixed(0)} s. ${ours.length === 0 ? "No fault of Sluice's." : `Sluice: ${ours.join(", ")}`}`);
if (ours.length > 0) process.exitCode = 1;
