import { fork } from "node:child_process";
import { join } from "node:path";
import { type Cell, type Fault, notOffered } from "./fault.ts";
import type { Library } from "./library.ts";

const child = join(import.meta.dirname, "child.ts");
/** What chance decides, such as the jitter of a backoff, is the same for all libraries and each time. */
const seeded = new URL("../../test-kit/src/fixed-randomness.ts", import.meta.url).href;
/** Who has not answered by then is stopped. */
const patience = 15_000;
/** How many are asked at once. Most of their time they wait. */
const atOnce = 4;

/** What was seen, by fault and library. */
export type Answers = ReadonlyMap<Fault, ReadonlyMap<Library, Cell>>;

/** Asks these faults of all these libraries. Those that measure time are asked one by one, when the others are through. */
export async function askAll(
  libraries: readonly Library[],
  faults: readonly Fault[],
  told: (text: string) => void,
): Promise<Answers> {
  const answers = new Map<Fault, Map<Library, Cell>>();
  const quick: (() => Promise<void>)[] = [];
  const alone: (() => Promise<void>)[] = [];
  for (const fault of faults) {
    const cells = new Map<Library, Cell>();
    answers.set(fault, cells);
    for (const library of libraries) {
      if (!offers(library, fault)) {
        cells.set(library, notOffered);
        continue;
      }
      const answer = async (again?: () => Promise<void>): Promise<void> => {
        const cell = judged(await ask(fault, library), fault, library);
        cells.set(library, cell);
        if (cell.verdict === "broken" && again !== undefined) alone.push(again);
        else told(`${fault.name}, ${library.name}: ${cell.seen}  (${cell.verdict})`);
      };
      if (fault.alone === true) alone.push(answer);
      // What looks like a fault while others are asked beside it is asked once more, when nothing else is.
      else quick.push(() => answer(answer));
    }
  }
  const work = async (): Promise<void> => {
    for (let next = quick.shift(); next !== undefined; next = quick.shift()) await next();
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  for (const next of alone) await next();
  return answers;
}

function offers(library: Library, { needs }: Fault): boolean {
  return needs.every((need) => library[need] !== undefined && library[need] !== false);
}

/** What would be a fault is none where the library says that it does so, and why. */
function judged(cell: Cell, { documented }: Fault, { name }: Library): Cell {
  return cell.verdict === "broken" && documented?.[name] !== undefined ? { ...cell, verdict: "intended" } : cell;
}

async function ask(fault: Fault, library: Library): Promise<Cell> {
  const asked = fork(child, [fault.name, library.name], {
    // Young objects have room, so that a long line is not slow for the collector copying it.
    execArgv: ["--import", seeded, "--expose-gc", "--min-semi-space-size=128", "--max-semi-space-size=128"],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let said = "";
  asked.stderr?.on("data", (text) => {
    said += String(text);
  });
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      asked.kill("SIGKILL");
      resolve({ seen: `no end within ${patience / 1_000} s`, verdict: "broken" });
    }, patience);
    asked.once("message", (cell) => {
      clearTimeout(timer);
      resolve(cell as Cell);
    });
    asked.once("close", (code) => {
      clearTimeout(timer);
      const error = /^\w*Error.*$/m.exec(said)?.[0] ?? said.trim().split("\n")[0] ?? "";
      resolve({ seen: `the process ended with ${code}: ${error.slice(0, 100)}`, verdict: "broken" });
    });
  });
}
