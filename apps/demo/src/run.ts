import { setTimeout as sleep } from "node:timers/promises";
import type { LoadSays, LoadTold } from "./load/messages.ts";
import type { Tally } from "./load/tally.ts";
import {
  afresh,
  deadRoute,
  greedyRoute,
  greedyTimes,
  type Phase,
  type Plan,
  restMs,
  slowFactor,
  slowRoute,
  spikeTimes,
} from "./plan.ts";
import { Backends } from "./process/backends.ts";
import { Child } from "./process/child.ts";
import { type GatewayKind, GatewayProcess } from "./process/gateway-process.ts";
import { Observer } from "./report/observer.ts";
import type { RunResult } from "./report/run-result.ts";
import { type ByRoute, byRoute, routes } from "./routes.ts";

/** Who looks on. */
export interface Audience {
  /** Something begins that is not a phase. */
  say(line: string): void;
  enter(title: string, phase: Phase): void;
  /** Called a few times a second. */
  look(tallies: ByRoute<Tally>, observer: Observer): void;
}

export interface RunOptions {
  readonly title: string;
  readonly kind: GatewayKind;
  readonly plan: Plan;
  readonly connections: number;
  /** The load of a run before this one, to be offered once more. */
  readonly rates?: Rates | undefined;
  readonly audience: Audience;
  /** Ends the run: what is in flight is answered. */
  readonly signal: AbortSignal;
}

/** What is offered in a second, by phase. */
type Rates = Readonly<Record<string, ByRoute<number>>>;

/** How a run ended that was not let run to its end. */
export interface Interrupted {
  readonly inFlight: number;
  readonly answered: number;
  readonly refused: number;
}

export interface RunEnd {
  readonly rates: Rates;
  readonly result: RunResult | undefined;
  readonly interrupted: Interrupted | undefined;
}

const generator = new URL("./load/generator.ts", import.meta.url);
const measureSlack = 30_000;
const settledWithin = 200;
/** On a busy machine it takes its time to sum up. */
const reportWithin = 30_000;

/** Drives one gateway through all phases, with backends of its own. Nothing it started is there when it ends. */
export async function run(options: RunOptions): Promise<RunEnd> {
  const { kind, plan, title, audience, signal, connections } = options;
  const backends = await Backends.start();
  const settings = { backends: backends.ports, port: 0, connections, log: false };
  let gateway = await GatewayProcess.start(kind, settings);
  const load = new Child<LoadTold, LoadSays>("the load generator", generator, [String(gateway.port)]);
  const observer = new Observer(gateway.port, backends);
  let phase: Phase | undefined;
  load.listen((said) => {
    const tallies = said.kind === "tallies" && phase !== undefined ? said.tallies[phase.name] : undefined;
    if (tallies !== undefined) audience.look(tallies, observer);
  });

  const measure = async (ms: number): Promise<ByRoute<number>> => {
    observer.leave();
    load.tell({ kind: "measure", ports: backends.ports, ms });
    const { capacity } = await unlessAborted(load.next("capacity", ms + measureSlack), signal);
    // By then the backends have said that nobody is in their queues any more.
    await sleep(settledWithin, undefined, { signal });
    return capacity;
  };

  const startAnew = async () => {
    audience.say(`${title}: everything is started anew`);
    await gateway.stop();
    await Promise.all(routes.map((route) => backends.restart(route)));
    gateway = await GatewayProcess.start(kind, { ...settings, port: gateway.port });
    observer.forget();
  };

  const rates: Record<string, ByRoute<number>> = { ...options.rates };
  try {
    audience.say(`${title}: the programs get warm`);
    let capacity = await measure(plan.warmUpMs);
    for (const next of plan.phases) {
      signal.throwIfAborted();
      if (afresh.includes(next.name)) {
        load.tell({ kind: "rest" });
        await sleep(restMs, undefined, { signal });
        await startAnew();
      }
      phase = next;
      if (phase.name === "spike") {
        load.tell({ kind: "rest" });
        audience.say(`${title}: how much can each backend do?`);
        capacity = await measure(plan.measureMs);
        signal.throwIfAborted();
      }
      const { name, load: share } = phase;
      // The usual load stays what it was found to be at the beginning.
      const usualRates = rates["calm"];
      rates[name] ??=
        name === "spike" || usualRates === undefined ? byRoute((route) => capacity[route] * share) : usualRates;
      disturb(phase, backends);
      audience.enter(title, phase);
      observer.enter(name);
      // As the spike, by the capacity that was measured in the first run.
      const inSpike = rates["spike"]?.[greedyRoute] ?? 0;
      const greedy = name === "greedy" ? (inSpike / spikeTimes) * greedyTimes : 0;
      load.tell({ kind: "offer", phase: name, rates: rates[name], greedy });
      await sleep(phase.seconds * 1000, undefined, { signal });
    }
    load.tell({ kind: "rest" });
    await sleep(restMs, undefined, { signal });
    load.tell({ kind: "report" });
    const { tallies, heldUp } = await load.next("report", reportWithin);
    const result: RunResult = {
      title,
      capacity,
      phases: plan.phases.map(({ name, seconds }) => ({
        name,
        seconds,
        tallies: tallies[name]!,
        heldUp: heldUp[name] ?? 0,
        ...observer.phase(name),
      })),
    };
    return { rates, result, interrupted: undefined };
  } catch (error) {
    if (!signal.aborted) throw error;
    // The load goes on for the moment that this takes.
    return { rates, result: undefined, interrupted: await gateway.drain() };
  } finally {
    observer.stop();
    await Promise.all([load.kill(), gateway.stop(), backends.stop()]);
  }
}

/** What happens to a backend as a phase begins. */
function disturb({ name, seconds }: Phase, backends: Backends): void {
  backends.pace(slowRoute, name === "slow" ? slowFactor : 1);
  // For longer than the phase, so that only a new process ends the silence.
  if (name === "dead") backends.freeze(deadRoute, seconds * 1000 + 20_000);
  if (name === "recovery") void backends.restart(deadRoute);
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    void work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
