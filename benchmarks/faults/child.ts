// One library and one question in a separate process, so that a hang or a crash is a result and does not end the run.
import type { Cell } from "./fault.ts";
import type { Library } from "./library.ts";
import { libraries } from "./libraries/libraries.ts";
import { themes } from "./themes.ts";

const [question, name] = process.argv.slice(2);
const fault = themes.flatMap(({ faults }) => faults).find((each) => each.name === question);
const library = libraries.find((each) => each.name === name);
if (fault === undefined || library === undefined) throw new RangeError(`Nobody is asked that: ${question}, ${name}`);

// An error that a question does not wait for must not end the process before the answer; the cell reports it.
const stray: unknown[] = [];
process.on("unhandledRejection", (error) => {
  if (process.listenerCount("unhandledRejection") === 1) stray.push(error);
});

const cell = await fault.ask(library as Required<Library>);
const told: Cell =
  stray.length === 0 ? cell : { seen: `${cell.seen}; ${stray.length} unhandled rejections`, verdict: "broken" };
process.send?.(told, () => {
  process.exit();
});
