// One member of a fleet, a process of its own: fork("member.ts", [JSON.stringify(settings)]). It ends when its channel is closed.
import { type Call, machineTime, type MemberSettings, type Said } from "./settings.ts";
import { sluice } from "./sharing.ts";

const settings = JSON.parse(process.argv[2] as string) as MemberSettings;
const { load } = settings;
const say = (said: Said) => void process.send?.(said);
process.on("unhandledRejection", (reason) => say({ what: "unhandled", reason: String(reason) }));
// Nobody is left to work for.
process.on("disconnect", () => process.exit());

// Other libraries go by the time of day.
const today = Date.now.bind(Date);
Date.now = () => today() + settings.skew;

const limiting = await share();

async function share() {
  if (settings.library === undefined) return sluice(settings);
  const { peers } = await import("./peers.ts");
  return peers[settings.library](settings);
}

/** Calls that have ended, until they are told. */
let calls: Call[] = [];

/** When the work started and ended: noted here, for the next may start before its caller has its answer. */
async function work(): Promise<readonly [started: number, ended: number]> {
  const started = machineTime();
  if (load.work > 0) await new Promise<void>((resolve) => void setTimeout(resolve, load.work));
  return [started, machineTime()];
}

/** Until the load is to end. */
const until = new AbortController();

async function call(): Promise<void> {
  const asked = machineTime();
  try {
    const [started, ended] = await limiting.share(work);
    // Only now: the list is another one after each time it was told.
    calls.push([asked, started, ended]);
  } catch (error) {
    // Those who are in line when the load ends are refused, and that is no failure.
    if (!until.signal.aborted) calls.push([asked, codeOf(error)]);
  }
}

function codeOf(error: unknown): string {
  const { code, message } = error as { readonly code?: string; readonly message?: string };
  return code ?? message?.slice(0, 60) ?? String(error);
}

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
  await limiting.close();
  say({ what: "end", trips: limiting.trips(), late: limiting.late() });
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
