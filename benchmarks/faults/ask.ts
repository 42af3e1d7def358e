import { fork } from "node:child_process";
import { join } from "node:path";
import { type Cell, type Fault, notOffered } from "./fault.ts";
import type { Library } from "./library.ts";

const child = join(import.meta.dirname, "child.ts");
/** Random numbers, such as the jitter of a backoff, are the same for all libraries and in each run. */
const seeded = new URL("../../test-kit/src/fixed-randomness.ts", import.meta.url).href;
/** A process that has not answered by then is stopped. */
const patience = 15_000;
/** How many processes run at the same time. They wait most of the time. */
const atOnce = 4;

/** The results, by fault and library. */
export type Answers = ReadonlyMap<Fault, ReadonlyMap<Library, Cell>>;

/** Runs these faults on these libraries. Those that measure time run one by one, after the others. */
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
      // A fault that was seen while other processes ran is tested again, alone.
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

/** Behaviour that the library documents, with a reason, is not a fault. */
function judged(cell: Cell, { documented }: Fault, { name }: Library): Cell {
  return cell.verdict === "broken" && documented?.[name] !== undefined ? { ...cell, verdict: "intended" } : cell;
}

async function ask(fault: Fault, library: Library): Promise<Cell> {
  const asked = fork(child, [fault.name, library.name], {
    // A large young generation, so that a long line is not slow because the collector copies it.
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
