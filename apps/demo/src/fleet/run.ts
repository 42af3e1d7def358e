import { setTimeout as sleep } from "node:timers/promises";
import { Child } from "../process/child.ts";
import { FleetLoad } from "./load.ts";
import { type Arrival, type FleetBackendSays, machineTime, type MemberSays, type MemberSettings } from "./messages.ts";
import { type ByMember, byMember, type Event, type Member, members, type Phase, victim } from "./plan.ts";
import type { FleetRecord, PhaseTimes, StateChange } from "./record.ts";
import { StoreProcess } from "./store-process.ts";

const startWithin = 30_000;
/** By then the backend has told what arrived last: ms. */
const toldWithin = 150;

export interface FleetRun {
  readonly plan: readonly Phase[];
  /** A phase begins. */
  readonly enter: (phase: Phase) => void;
  /** Ends the run, which then rejects. */
  readonly signal: AbortSignal;
}

/** Drives three gateways through all phases. Nothing it started is there when it ends. */
export async function runFleet({ plan, enter, signal }: FleetRun): Promise<FleetRecord> {
  await using running = new AsyncDisposableStack();
  const store = running.use(await StoreProcess.start());
  const backend = new Child<never, FleetBackendSays>("the backend", new URL("./backend.ts", import.meta.url));
  running.defer(() => backend.kill());
  const arrivals: Arrival[] = [];
  backend.listen((said) => {
    if (said.kind === "arrivals") arrivals.push(...said.arrivals);
  });
  const { port } = await backend.next("listening", startWithin);

  const changes: StateChange[] = [];
  const gateways = byMember((name) => gatewayOf({ name, store: store.port, backend: port }, changes));
  for (const member of members) running.defer(() => gateways[member].kill());
  const load = new FleetLoad(await portsOf(gateways));
  const happens: Readonly<Record<Event, () => unknown>> = {
    "pause the store": () => store.pause(),
    "resume the store": () => store.resume(),
    "kill a gateway": () => gateways[victim].kill(),
  };

  const phases: PhaseTimes[] = [];
  try {
    for (const phase of plan) {
      signal.throwIfAborted();
      enter(phase);
      if (phase.event !== undefined) await happens[phase.event]();
      const from = machineTime();
      // Only now: no client knows beforehand who will be killed.
      load.set(phase.load);
      await sleep(phase.ms, undefined, { signal });
      phases.push({ ...phase, from, to: machineTime() });
    }
  } finally {
    await load.stop();
  }
  await sleep(toldWithin);
  return { phases, arrivals, answers: load.answers, changes };
}

function gatewayOf(settings: MemberSettings, changes: StateChange[]): Child<never, MemberSays> {
  const program = new URL("./gateway.ts", import.meta.url);
  const child = new Child<never, MemberSays>(`the gateway ${settings.name}`, program, [JSON.stringify(settings)]);
  child.listen((said) => {
    if (said.kind === "state") changes.push({ of: settings.name, to: said.to, at: said.at });
  });
  return child;
}

async function portsOf(gateways: ByMember<Child<never, MemberSays>>): Promise<ByMember<number>> {
  const listening = await Promise.all(members.map((member) => gateways[member].next("listening", startWithin)));
  return byMember((member: Member) => listening[members.indexOf(member)]!.port);
}
