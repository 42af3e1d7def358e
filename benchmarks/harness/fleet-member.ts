// One of the processes that share a limit in questions/fleet.ts: fork("fleet-member.ts", [JSON.stringify(settings)]).
import { once } from "node:events";
import { shares, type Shared } from "../peers/shared.ts";
import type { Told } from "./fleet.ts";

/** The settings of one member: plain data, for they come over the process's channel. */
export interface MemberSettings {
  readonly library: keyof typeof shares;
  readonly port: number;
  readonly limit: Shared;
  /** Calls a second, independent of the answers; 0 where callers call again as soon as they are answered. */
  readonly perSecond: number;
  readonly callers: number;
  /** How long the work takes: ms. */
  readonly work: number;
}

const settings = JSON.parse(process.argv[2] as string) as MemberSettings;
const pause = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));
process.once("disconnect", () => process.exit());

let waits: number[] = [];
let busy = 0;
let refused = 0;

const share = await shares[settings.library](settings.port, settings.limit);

async function call(): Promise<void> {
  const asked = performance.now();
  const work = async (): Promise<void> => {
    const started = performance.now();
    waits.push(started - asked);
    if (settings.work > 0) await pause(settings.work);
    busy += performance.now() - started;
  };
  try {
    await share(work);
  } catch {
    refused++;
  }
}

async function load(ms: number): Promise<void> {
  const end = performance.now() + ms;
  const calls: Promise<void>[] = [];
  const caller = async (): Promise<void> => {
    while (performance.now() < end) await call();
  };
  for (let index = 0; index < settings.callers; index++) calls.push(caller());
  let next = performance.now();
  while (settings.perSecond > 0 && performance.now() < end) {
    for (; next <= performance.now(); next += 1_000 / settings.perSecond) calls.push(call());
    await pause(2);
  }
  await Promise.all(calls);
}

process.send?.({ ready: true });
for (;;) {
  const [ms] = (await once(process, "message")) as [number];
  [waits, busy, refused] = [[], 0, 0];
  await load(ms);
  const told: Told = { waits, busy, refused };
  process.send?.(told);
}
