import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Asked, Told } from "./child.ts";
import type { Figures, Group, Question, Variant } from "./question.ts";
import { type Answered, load, type Row, type Seen, seenOf, spreadOf } from "./result.ts";

const folder = join(import.meta.dirname, "../questions");

/** The names of all questions, from their files. */
export const questions: readonly string[] = readdirSync(folder)
  .map((file) => basename(file, ".ts"))
  .sort();

const child = join(import.meta.dirname, "child.ts");
const preload = ["--import", pathToFileURL(join(import.meta.dirname, "built.ts")).href, "--expose-gc"];
/** Young objects are not moved, so that allocations can be counted. */
const roomy = ["--min-semi-space-size=128", "--max-semi-space-size=128"];
/** A process that has not answered by then is stopped. */
const patience = 60_000;

/** Runs one question, group after group. */
export async function ask(name: string, { quick }: { readonly quick: boolean }): Promise<Answered> {
  const file = join(folder, `${name}.ts`);
  const { question } = (await import(pathToFileURL(file).href)) as { question: Question };
  const { title, about } = question;
  const before = load();
  const began = performance.now();
  const groups: Seen[] = [];
  for (const [index, group] of question.groups.entries()) {
    groups.push(seenOf(group, await measure(file, index, group, quick)));
  }
  return { name, title, about, groups, seconds: (performance.now() - began) / 1000, load: [before, load()] };
}

async function measure(file: string, index: number, group: Group, quick: boolean): Promise<Row[]> {
  const rounds = Math.min(group.rounds ?? 15, quick ? 3 : Number.POSITIVE_INFINITY);
  const seen = new Map<Variant, Figures[]>(group.variants.map((variant) => [variant, []]));
  const start = (variant: Variant, flags: readonly string[] = []): Promise<Asking> =>
    Asking.start([file, String(index), variant.name], [...preload, ...flags]);
  const running = new Map<Variant, Asking>();
  const looking = new Set<Variant>();
  try {
    for (const variant of group.variants) {
      if (variant.fresh === true) continue;
      const asking = await start(variant);
      running.set(variant, asking);
      if (asking.looks) looking.add(variant);
    }
    // In turns, so that other load of the machine affects all variants alike.
    for (let round = 0; round < rounds; round++) {
      for (const variant of group.variants) {
        const asking = running.get(variant) ?? (await start(variant));
        if (asking.looks) looking.add(variant);
        seen.get(variant)?.push(await asking.ask("round"));
        if (variant.fresh === true) asking.end();
      }
    }
  } finally {
    for (const asking of running.values()) asking.end();
  }
  for (const variant of looking) {
    const asking = await start(variant, roomy);
    try {
      seen.get(variant)?.push(await asking.ask("once"));
    } finally {
      asking.end();
    }
  }
  return group.variants.map((variant) => row(variant, seen.get(variant)!));
}

function row({ name, by }: Variant, seen: readonly Figures[]): Row {
  const names = new Set(seen.flatMap((figures) => Object.keys(figures)));
  const spread = (figure: string) =>
    spreadOf(seen.flatMap((figures) => (figures[figure] === undefined ? [] : [figures[figure]])));
  return { name, by, figures: Object.fromEntries([...names].map((figure) => [figure, spread(figure)])) };
}

/** A variant and its process. */
class Asking {
  private readonly process: ChildProcess;
  private readonly name: string;
  /** Whether one look gives figures that the rounds do not. */
  looks = false;

  private constructor(process: ChildProcess, name: string) {
    this.process = process;
    this.name = name;
  }

  static async start(args: readonly string[], flags: readonly string[]): Promise<Asking> {
    const asking = new Asking(fork(child, args, { execArgv: [...flags] }), args.at(-1) ?? "");
    const told = await asking.told();
    asking.looks = "looks" in told && told.looks;
    return asking;
  }

  async ask(asked: Asked): Promise<Figures> {
    this.process.send(asked);
    const told = await this.told();
    return "figures" in told ? told.figures : {};
  }

  end(): void {
    // The process then ends itself, and removes its files, unless it hangs.
    if (this.process.connected) this.process.disconnect();
    setTimeout(() => this.process.kill("SIGKILL"), 1_000).unref();
  }

  private async told(): Promise<Told> {
    const waiting = new AbortController();
    const { signal } = waiting;
    const timer = setTimeout(() => {
      // Not SIGKILL immediately, for the process must end the servers that it has started.
      this.process.kill("SIGTERM");
      this.end();
    }, patience);
    try {
      const [told] = (await Promise.race([
        once(this.process, "message", { signal }),
        once(this.process, "exit", { signal }).then(() => [{ error: "It ended before it had answered." }]),
      ])) as [Told];
      if (!("error" in told)) return told;
      this.end();
      throw new Error(`"${this.name}": ${told.error}`);
    } finally {
      clearTimeout(timer);
      waiting.abort();
    }
  }
}
