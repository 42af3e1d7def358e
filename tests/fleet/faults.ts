import { failures, letIn, mostAtOnce, neededBurst, perSecond } from "./account.ts";
import type { Fault, Outcome, Scene } from "./fault.ts";
import { type Load, machineTime, type RateSettings, type SlotSettings } from "./settings.ts";

const limit = 400;
const interval = 1_000;
/** The default: a tenth of the interval. */
const hold = 100;
const max = 8;

function rate(options: Partial<RateSettings["options"]> = {}): RateSettings {
  return { kind: "rate", options: { limit, interval, ...options } };
}

function slots(options: Partial<SlotSettings["options"]> = {}): SlotSettings {
  return { kind: "slots", options: { max, ...options } };
}

/** One and a half times the rate. */
const offered: readonly Load[] = Array.from({ length: 4 }, () => ({ perSecond: 150, work: 0 }));
/** 60 % of the rate. */
const light: readonly Load[] = Array.from({ length: 4 }, () => ({ perSecond: 60, waits: true, work: 0 }));
const busy: readonly Load[] = Array.from({ length: 4 }, () => ({ callers: 5, waits: true, work: 10 }));

/** A start is recorded shortly after it was admitted, and the process may be paused in between. */
const tolerance = 8;

/** Starts of each member before it knows that the store is down, and tokens in answers that were lost. */
const unknown = (limit * hold) / interval + 4 * 20;
/** The further burst of a bucket that is full again. */
const fullAgain = limit - (limit * hold) / interval;

/** The starts must have needed at most this burst, at any time. */
function atMost(burst: number): (outcome: Outcome) => readonly string[] {
  return ({ seen }) => {
    const starts = letIn(seen).map(([, started]) => started);
    const needed = neededBurst(starts, limit, interval);
    // On a busy machine, the store may be down for a short time without a fault.
    const allowed = burst + (seen.some(({ late }) => late > 0) ? unknown : 0);
    const wrong =
      needed > allowed + tolerance ? [`needed a burst of ${needed.toFixed(0)}, and ${allowed} is allowed`] : [];
    return starts.length === 0 ? [...wrong, "nothing started"] : wrong;
  };
}

/** At most `most` ran at the same time, and after a while no more than there are slots. */
function running(most: number, settled?: { readonly after: number }): (outcome: Outcome) => readonly string[] {
  return ({ seen, well, ended }) => {
    const calls = letIn(seen);
    const wrong: string[] = [];
    const top = mostAtOnce(calls);
    if (top > most) wrong.push(`${top} ran at once, and ${most} are allowed`);
    if (settled !== undefined) {
      const late = mostAtOnce(calls, well + settled.after, ended);
      if (late > max) wrong.push(`${late} ran at once ${settled.after} ms after, and ${max} are allowed`);
    }
    return calls.length === 0 ? [...wrong, "nothing ran"] : wrong;
  };
}

/** Calls start again after the fault. */
function recovers(within: number): (outcome: Outcome) => readonly string[] {
  return ({ seen, well, ended }) => {
    const starts = letIn(seen).map(([, started]) => started);
    return perSecond(starts, well + within, ended) > 0 ? [] : [`nothing started from ${within} ms after on`];
  };
}

function noFailure({ seen }: Outcome): readonly string[] {
  return [...failures(seen)]
    .filter(([code]) => code !== "ERR_SLUICE_OVERLOADED")
    .map(([code, count]) => `${count} calls failed: ${code}`);
}

function all(...checks: readonly ((outcome: Outcome) => readonly string[])[]): (outcome: Outcome) => readonly string[] {
  return (outcome) => checks.flatMap((check) => check(outcome));
}

async function paused({ server, at }: Scene, from: number, ms: number): Promise<number> {
  await at(from);
  server.pause();
  await at(from + ms);
  server.resume();
  return machineTime();
}

async function restarted({ server, at }: Scene): Promise<number> {
  await at(1_000);
  await server.kill();
  await at(1_700);
  await server.start();
  return machineTime();
}

async function flushed({ server, at }: Scene): Promise<number> {
  await at(1_000);
  await server.command("FLUSHALL");
  return machineTime();
}

async function forgetful({ server, at }: Scene): Promise<number> {
  for (let ms = 300; ms < 1_500; ms += 50) {
    await at(ms);
    await server.command("SCRIPT", "FLUSH");
  }
  return machineTime();
}

async function memberKilled({ fleet, at }: Scene): Promise<number> {
  await at(1_000);
  await fleet.kill(0);
  return machineTime();
}

async function memberStopped({ fleet, at }: Scene, ms: number): Promise<number> {
  await at(1_000);
  fleet.stop(0);
  await at(1_000 + ms);
  fleet.resume(0);
  return machineTime();
}

export const faults: readonly Fault[] = [
  { name: "none", limit: rate(), loads: offered, lasts: 3_000, wrong: all(atMost(400), noFailure) },
  {
    name: "clocks off by 30 s, -30 s, 0.6 s",
    peers: ["rate-limiter-flexible", "bottleneck"],
    limit: rate(),
    loads: offered,
    skews: [0, 30_000, -30_000, 600],
    lasts: 2_500,
    quick: true,
    wrong: all(atMost(400), noFailure),
  },
  ...[20, 100].map((trip): Fault => ({
    peers: ["rate-limiter-flexible", "bottleneck"],
    name: `round trip ${trip} ms, 60 % load`,
    limit: rate({ hold: 500 }),
    loads: light,
    delay: trip / 2,
    lasts: 3_000,
    wrong: all(atMost(400), noFailure),
  })),
  {
    name: "SCRIPT FLUSH, 20 times a second",
    limit: rate(),
    loads: offered,
    lasts: 2_000,
    happens: forgetful,
    wrong: all(atMost(400), noFailure),
  },
  ...(["share", "refuse", "allow"] as const).map((outage): Fault => ({
    name: `server paused 1 s: ${outage}`,
    peers: outage === "share" ? ["rate-limiter-flexible", "bottleneck"] : [],
    limit: rate({ outage }),
    loads: offered,
    lasts: 4_000,
    happens: (scene) => paused(scene, 1_000, 1_000),
    wrong: all(
      outage === "allow" ? () => [] : atMost(outage === "share" ? 400 + unknown : 400),
      recovers(1_000),
      outage === "refuse" ? () => [] : noFailure,
    ),
  })),
  ...(["full", "empty"] as const).flatMap((fresh): Fault[] => [
    {
      name: `killed, started anew after 700 ms: ${fresh}`,
      peers: fresh === "full" ? ["rate-limiter-flexible", "bottleneck"] : [],
      limit: rate({ fresh }),
      loads: offered,
      lasts: 4_000,
      quick: fresh === "empty",
      happens: restarted,
      wrong: all(atMost(400 + unknown + (fresh === "full" ? fullAgain : 0)), recovers(1_000), noFailure),
    },
    {
      name: `FLUSHALL: ${fresh}`,
      peers: fresh === "full" ? ["rate-limiter-flexible", "bottleneck"] : [],
      limit: rate({ fresh }),
      loads: offered,
      lasts: 3_000,
      happens: flushed,
      wrong: all(atMost(400 + (fresh === "full" ? fullAgain : 0)), recovers(500), noFailure),
    },
  ]),
  {
    name: "member killed",
    limit: rate(),
    loads: offered,
    lasts: 3_000,
    happens: memberKilled,
    wrong: all(atMost(400), recovers(500), noFailure),
  },
  { name: "8 slots: none", limit: slots(), loads: busy, lasts: 3_000, wrong: all(running(8), noFailure) },
  {
    name: "8 slots: FLUSHALL",
    peers: ["bottleneck"],
    limit: slots(),
    loads: busy,
    lasts: 4_000,
    quick: true,
    happens: flushed,
    wrong: all(running(16, { after: 2_000 }), noFailure),
  },
  {
    name: "8 slots: SCRIPT FLUSH, 20 times a second",
    limit: slots(),
    loads: busy,
    lasts: 2_000,
    happens: forgetful,
    wrong: all(running(8), noFailure),
  },
  {
    name: "8 slots: server paused 1.5 s, ttl 600",
    limit: slots({ ttl: 600, outage: "refuse" }),
    loads: busy,
    lasts: 5_000,
    happens: (scene) => paused(scene, 1_000, 1_500),
    wrong: all(running(8), recovers(1_000)),
  },
  {
    name: "8 slots: server paused 1.5 s, ttl 10 s",
    limit: slots(),
    loads: busy,
    lasts: 4_000,
    happens: (scene) => paused(scene, 1_000, 1_500),
    wrong: all(running(8), recovers(1_000), noFailure),
  },
  {
    name: "8 slots: member killed, ttl 2,000",
    peers: ["bottleneck"],
    limit: slots({ ttl: 2_000 }),
    loads: busy,
    lasts: 4_000,
    quick: true,
    happens: memberKilled,
    wrong: all(running(8), recovers(2_500), noFailure),
  },
  {
    name: "8 slots: member stopped 2 s, ttl 1,000",
    limit: slots({ ttl: 1_000 }),
    loads: busy,
    lasts: 5_000,
    happens: (scene) => memberStopped(scene, 2_000),
    // A stopped member resumes its work while others have its slots: a limit is not a lock.
    wrong: all(running(16, { after: 1_000 }), recovers(1_000)),
  },
];
