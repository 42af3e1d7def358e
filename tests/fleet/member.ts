// One member of a fleet, a separate process: fork("member.ts", [JSON.stringify(settings)]). It ends when its channel is closed.
import { type Call, machineTime, type MemberSettings, type Said } from "./settings.ts";
import { sluice } from "./sharing.ts";

const settings = JSON.parse(process.argv[2] as string) as MemberSettings;
const { load } = settings;
const say = (said: Said) => void process.send?.(said);
process.on("unhandledRejection", (reason) => say({ what: "unhandled", reason: String(reason) }));
// The parent has ended.
process.on("disconnect", () => process.exit());

// Other libraries use the time of day.
const today = Date.now.bind(Date);
Date.now = () => today() + settings.skew;

const limiting = await share();

async function share() {
  if (settings.library === undefined) return sluice(settings);
  const { peers } = await import("./peers.ts");
  return peers[settings.library](settings);
}

/** Ended calls that are not reported yet. */
let calls: Call[] = [];

/** When the work started and ended. Recorded here, for the next call may start before the caller has its answer. */
async function work(): Promise<readonly [started: number, ended: number]> {
  const started = machineTime();
  if (load.work > 0) await new Promise<void>((resolve) => void setTimeout(resolve, load.work));
  return [started, machineTime()];
}

/** Whether the load goes on. */
const until = new AbortController();

async function call(): Promise<void> {
  const asked = machineTime();
  try {
    const [started, ended] = await limiting.share(work);
    // Read only now, for each report replaces the list.
    calls.push([asked, started, ended]);
  } catch (error) {
    // Callers in line are refused at the end of the load, which is not a failure.
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
    // A caller that is refused immediately would loop without a pause, and block the process.
    if (calls.at(-1)?.length === 2) await new Promise<void>((resolve) => void setTimeout(resolve, 5));
  }
}

function bySecond(perSecond: number): void {
  let next = machineTime();
  const tick = () => {
    if (until.signal.aborted) return;
    const now = machineTime();
    // A process does not catch up on the time for which it was stopped.
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
