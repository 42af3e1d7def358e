import { writeFileSync } from "node:fs";
import { planOf, secondsOf } from "./plan.ts";
import { chartOf } from "./report/chart.ts";
import { legend, runTable } from "./report/run-table.ts";
import type { RunResult } from "./report/run-result.ts";
import { type Output, screen } from "./report/screen.ts";
import { inWords, sideBySide } from "./report/words.ts";
import { type Interrupted, type RunEnd, run } from "./run.ts";

export interface DemoOptions {
  /** A short one: the same phases, too short for figures to rely on. */
  readonly quick: boolean;
  readonly connections: number;
  /** The file that a chart of both runs is written to; undefined: none. */
  readonly chart?: string | undefined;
  readonly output: Output;
  readonly signal: AbortSignal;
}

const slackSeconds = 40;

/** Both runs, one after the other, and what was seen. */
export async function demo({ quick, connections, chart, output, signal }: DemoOptions): Promise<void> {
  const plan = planOf(quick ? 0.15 : 1);
  const say = (line = "") => output.write(`${line}\n`);
  // Whatever hangs, this does not; the exit ends the children.
  const watchdog = setTimeout(
    () => {
      console.error("The demo took far too long and was stopped.");
      process.exit(1);
    },
    (2 * secondsOf(plan) + slackSeconds) * 1000,
  );

  say(
    "Four backends behind a gateway: first with layers, then, the same load on the same backends, a plain proxy without.",
  );
  say(
    `That proxy waits 5 s for a backend and asks up to 3 times when one fails. Either has ${connections} connections at most.`,
  );
  say();
  const audience = screen(output, plan);
  const common = { plan, connections, audience, signal };
  let first: RunEnd;
  let second: RunEnd | undefined;
  try {
    first = await run({ ...common, title: "with layers", kind: "layered" });
    if (!signal.aborted) second = await run({ ...common, title: "without", kind: "plain", rates: first.rates });
  } finally {
    audience.close();
    clearTimeout(watchdog);
  }
  const interrupted = first.interrupted ?? second?.interrupted;
  if (interrupted !== undefined) for (const line of drainWords(interrupted)) say(line);
  for (const line of report(first.result, second?.result)) say(line);
  if (chart !== undefined && first.result !== undefined && second?.result !== undefined) {
    writeFileSync(chart, chartOf(first.result, second.result));
    say(`\nThe chart is in ${chart}.`);
  }
  if (interrupted === undefined) say("\nTo watch it, and to change the load by hand: npm run demo -- --serve");
  if (quick) say("\nThis was the quick one: its phases are too short for figures to rely on.");
}

/** What a Ctrl-C did. */
export function drainWords({ inFlight, answered, refused }: Interrupted): string[] {
  return [
    `Drained: ${inFlight} were in flight, ${answered} of them were answered; ${refused} that came later were refused with 503.`,
  ];
}

function report(layered: RunResult | undefined, plain: RunResult | undefined): string[] {
  const lines: string[] = [];
  for (const result of [layered, plain]) {
    if (result !== undefined) lines.push(`${result.title}:`, "", ...runTable(result), "");
  }
  if (lines.length > 0) lines.push(...legend, "");
  if (layered !== undefined && plain !== undefined) {
    lines.push("Side by side:", "", ...sideBySide(layered, plain), "", ...inWords(layered, plain));
  }
  return lines;
}
