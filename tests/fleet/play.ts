import { redisServer, slowLink } from "@sluice/test-kit/redis";
import type { Fault, Outcome } from "./fault.ts";
import { Fleet } from "./fleet.ts";
import { machineTime, type Peer } from "./settings.ts";

/**
 * Runs a fleet over a separate server, with the fault. It always ends all processes.
 *
 * @param library the library of the limit; default ours
 */
export async function play(fault: Fault, library?: Peer): Promise<Outcome> {
  await using server = await redisServer();
  await using link = fault.delay === undefined ? undefined : await slowLink(server.port, fault.delay);
  const members = fault.loads.map((load, index) => ({
    port: link?.port ?? server.port,
    library,
    limit: fault.limit,
    load,
    skew: fault.skews?.[index] ?? 0,
  }));
  await using fleet = await Fleet.start(members);
  const began = fleet.go();
  const at = (ms: number) =>
    new Promise<void>((resolve) => void setTimeout(resolve, Math.max(0, began + ms - machineTime())));
  const well = (await fault.happens?.({ server, fleet, link, at })) ?? began;
  await at(fault.lasts);
  const ended = machineTime();
  await fleet.finish();
  return { seen: fleet.seen, began, ended, well };
}
