// One member of a fleet, a process of its own: fork("member.ts", [JSON.stringify(settings)]). It ends when its channel is closed.
import { type Clock, ServiceBuilder, systemClock } from "@sluice/core";
import { sharedConcurrencyLimit, sharedRateLimit } from "@sluice/limit-shared";
import { redisStore } from "@sluice/limit-shared/redis";
import { loadShed } from "@sluice/load-shed";
import { Redis } from "ioredis";
import { type Call, machineTime, type MemberSettings, type Said } from "./settings.ts";

const settings = JSON.parse(process.argv[2] as string) as MemberSettings;
const { limit, load } = settings;
const say = (said: Said) => void process.send?.(said);
process.on("unhandledRejection", (reason) => say({ what: "unhandled", reason: String(reason) }));
// Nobody is left to work for.
process.on("disconnect", () => process.exit());

const clock: Clock = { ...systemClock, now: () => systemClock.now() + settings.skew };

// As the documentation asks for: no queue while the connection is away, and nothing is sent twice.
const redis = new Redis({
  host: "127.0.0.1",
  port: settings.port,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  retryStrategy: () => 50,
  lazyConnect: true,
});
redis.on("error", () => {});
await redis.connect();
const store = redisStore({ send: ([name, ...args]) => redis.call(name, ...args) });

/** Calls that have ended, until they are told. */
let calls: Call[] = [];

/** When the work started and ended: noted here, for the next may start before its caller has its answer. */
async function work(): Promise<readonly [started: number, ended: number]> {
  const started = machineTime();
  if (load.work > 0) await new Promise<void>((resolve) => void setTimeout(resolve, load.work));
  return [started, machineTime()];
}

const shared = { store, key: "fleet", clock };
const layer =
  limit.kind === "rate"
    ? sharedRateLimit({ ...limit.options, ...shared })
    : sharedConcurrencyLimit({ ...limit.options, ...shared });
// Who comes by the second is refused where there is no capacity; who calls again waits for it.
const shed = load.perSecond === undefined ? undefined : loadShed({ clock });
const service = new ServiceBuilder().layer(shed).layer(layer).serviceFn(work);

async function call(): Promise<void> {
  const asked = machineTime();
  try {
    const [started, ended] = await service.call(undefined);
    // Only now: the list is another one after each time it was told.
    calls.push([asked, started, ended]);
  } catch (error) {
    calls.push([asked, (error as { readonly code?: string }).code ?? String(error)]);
  }
}

/** Until the load is to end. */
const until = new AbortController();

async function caller(): Promise<void> {
  while (!until.signal.aborted) {
    await call();
    // One who is refused at once would ask for ever, and let nobody else in.
    if (calls.at(-1)?.length === 2) await new Promise<void>((resolve) => void setTimeout(resolve, 5));
  }
}

function bySecond(perSecond: number): void {
  let next = machineTime();
  const tick = () => {
    if (until.signal.aborted) return;
    const now = machineTime();
    // A process that was stopped does not make up for it.
    if (now - next > 100) next = now;
    for (; next <= now; next += 1_000 / perSecond) void call();
    setTimeout(tick, 2);
  };
  tick();
}

function go(): void {
  if (load.perSecond !== undefined) bySecond(load.perSecond);
  for (let index = 0; index < (load.callers ?? 0); index++) void caller();
}

async function end(): Promise<void> {
  until.abort();
  await layer.close();
  say({ what: "end", trips: layer.trips, late: layer.late });
}

process.on("message", (message) => {
  if (message === "go") go();
  else void end();
});

setInterval(() => {
  if (calls.length > 0) say({ what: "calls", calls });
  calls = [];
}, 20);
say({ what: "ready" });
