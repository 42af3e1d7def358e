import { findServer, howToGetOne, type ServerProgram } from "@sluice/test-kit/redis";
import type { Output } from "../report/screen.ts";
import { fleetFindings } from "./findings.ts";
import { fleetPlan, members, terms } from "./plan.ts";
import { runFleet } from "./run.ts";
import { fleetWords } from "./words.ts";

export interface FleetOptions {
  /** The same phases, too short for figures to rely on. */
  readonly quick: boolean;
  readonly output: Output;
  readonly signal: AbortSignal;
  /** Looks for a server of Redis or Valkey. */
  readonly find?: () => Promise<ServerProgram | undefined>;
}

/** Starting, and what a busy machine takes longer: s. */
const slackSeconds = 60;

/** Three gateways that share a limit, what is done to them, and what was seen. @returns the exit code */
export async function fleet({ quick, output, signal, find = findServer }: FleetOptions): Promise<number> {
  const say = (line = "") => output.write(`${line}\n`);
  say("Looking for a server of Redis or Valkey.");
  const server = await find().catch((error: unknown) => error as Error);
  if (server === undefined || server instanceof Error) {
    say(server === undefined ? howToGetOne : server.message);
    return 1;
  }
  const plan = fleetPlan(quick ? 0.25 : 1);
  const seconds = plan.reduce((sum, { ms }) => sum + ms, 0) / 1_000;
  // Whatever hangs, this does not; the exit ends the children.
  const watchdog = setTimeout(
    () => {
      console.error("The fleet took far too long and was stopped.");
      process.exit(1);
    },
    (seconds + slackSeconds) * 1_000,
  );
  say(
    `${members.length} gateways (${members.join(", ")}) in front of one backend share one limit: ${terms.limit} requests a second,`,
  );
  say(
    `with a burst of ${terms.burst}, over ${server.version}. While the store is away, each has its part of it (outage: "${terms.outage}").`,
  );
  say();
  try {
    const record = await runFleet({
      plan,
      signal,
      enter: ({ name, title, ms }) => say(`${name.padEnd(7)}  ${short(ms)} s: ${title}`),
    });
    say();
    for (const line of fleetWords(fleetFindings(record))) say(line);
  } catch (error) {
    if (!signal.aborted) throw error;
    say("\nInterrupted: all of its processes have ended.");
    return 130;
  } finally {
    clearTimeout(watchdog);
  }
  say("\nWhen to share a limit, and what is guaranteed in which outage: docs/many-machines.md");
  if (quick) say("\nThis was the quick one: its phases are too short for figures to rely on.");
  return 0;
}

function short(ms: number): string {
  return String(Math.round(ms / 100) / 10);
}
