import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { endWithThisProcess } from "@sluice/test-kit/program";
import { redisServer, slowLink } from "@sluice/test-kit/redis";
import type { MemberSettings } from "./fleet-member.ts";
import type { Figures, Subject } from "./question.ts";

/** The report of one member after a round. */
export interface Told {
  readonly waits: readonly number[];
  readonly busy: number;
  readonly refused: number;
}

export interface FleetSettings extends Omit<MemberSettings, "port"> {
  /** The latency that the link to the store adds to a round trip: ms. */
  readonly trips: readonly number[];
  /** How many slots there are, where slots are shared. */
  readonly slots?: number;
}

/** How long a round lasts, in ms. */
const ms = 1_500;

/** Members that share a limit, each in a separate process, over one server. */
export async function fleet(settings: FleetSettings): Promise<Subject> {
  const { trips, slots, ...member } = settings;
  const server = await redisServer();
  const members = await Promise.all(
    trips.map(async (trip) => {
      const { port } = trip === 0 ? server : await slowLink(server.port, trip / 2);
      const child = fork(join(import.meta.dirname, "fleet-member.ts"), [JSON.stringify({ ...member, port })]);
      endWithThisProcess(child);
      await once(child, "message");
      return child;
    }),
  );
  const round = async (): Promise<Figures> => {
    await server.command("CONFIG", "RESETSTAT");
    const told = await Promise.all(members.map(ask));
    const scripts = scriptsOf(String(await server.command("INFO", "commandstats")));
    const waits = told.flatMap((each) => each.waits).sort((a, b) => a - b);
    const refused = told.reduce((sum, each) => sum + each.refused, 0);
    const busy = told.reduce((sum, each) => sum + each.busy, 0);
    return {
      starts: (waits.length * 1_000) / ms,
      p50: waits[Math.floor(waits.length / 2)] ?? Number.NaN,
      p99: waits[Math.floor(waits.length * 0.99)] ?? Number.NaN,
      refused: (100 * refused) / (waits.length + refused),
      trips: scripts.calls / (waits.length + refused),
      script: scripts.microseconds / scripts.calls,
      used: slots === undefined ? Number.NaN : (100 * busy) / (slots * ms),
      jain: jain(told.map((each) => each.waits.length)),
    };
  };
  await round();
  return { round };
}

async function ask(child: ChildProcess): Promise<Told> {
  child.send(ms);
  const [told] = (await once(child, "message")) as [Told];
  return told;
}

/** How many scripts the server ran, and how long they took. */
function scriptsOf(stats: string): { readonly calls: number; readonly microseconds: number } {
  let [calls, microseconds] = [0, 0];
  for (const [, count, time] of stats.matchAll(/^cmdstat_eval(?:sha)?:calls=(\d+),usec=(\d+)/gm)) {
    calls += Number(count);
    microseconds += Number(time);
  }
  return { calls, microseconds };
}

/** Jain's index: 1 where all members have the same, 1/n where one of n has everything. */
function jain(shares: readonly number[]): number {
  const sum = shares.reduce((all, share) => all + share, 0);
  return (sum * sum) / (shares.length * shares.reduce((all, share) => all + share * share, 0));
}
