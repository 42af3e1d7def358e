import { getEventListeners } from "node:events";
import { VirtualClock } from "@sluice/testing";
import { type Ending, ending, endings } from "./ending.ts";
import { fault, type Load } from "./load.ts";
import { type Aim, Operation } from "./operation.ts";
import { burst, release, rest } from "./rest.ts";
import type { Workplace } from "./work.ts";
import { type Entry, world } from "./world.ts";

/** The numbers of operations by outcome, of aborts by time, and of replaced stacks. */
export type Tally = Record<string, number>;

export interface Play {
  readonly load: Load;
  readonly operations: number;
  /** Lets time pass, and promises settle. */
  readonly wait: (ms: number) => Promise<void>;
  /** How many operations start together. */
  readonly batch: number;
  /** How often everything comes to rest during the run. */
  readonly rests: number;
  /** Called each time. */
  readonly checkpoint: (done: number) => void;
}

const aims: readonly Aim[] = ["never", "before", "waiting", "in flight", "between attempts", "at random"];
export async function play({ load, operations, batch, rests, wait, checkpoint }: Play): Promise<Tally> {
  const { random, pace, clock } = load;
  const place: Workplace = { ...load, stuck: new Set(), started: 0, hold: false, settled: meet };
  const { entries, turnover, backoffs, atRest } = world(place);
  const lasting = new Map<string, AbortController>();
  const open = new Set<Operation>();
  let leaving: Operation[] = [];
  const tally: Tally = {};
  const count = (what: string): void => void (tally[what] = (tally[what] ?? 0) + 1);
  for (const name of endings) tally[name] = 0;

  function abort(operation: Operation, when: string): void {
    if (operation.own === undefined || operation.signal.aborted) return;
    count(`aborted ${when}`);
    operation.abort();
  }

  /** Work has settled, so the longest waiting operation there is about to be granted, and is aborted at about that time. */
  function meet({ stack }: Operation): void {
    if (random() > 0.2) return;
    for (const operation of open) {
      if (operation.stack !== stack || operation.own === undefined || operation.phase !== "waiting") continue;
      const before = operation.attempts;
      let turns = Math.floor(random() * 12);
      const turn = (): void => {
        if (turns-- > 0) queueMicrotask(turn);
        else if (operation.ended === 0)
          abort(operation, operation.attempts > before ? "just after the grant" : "just before the grant");
      };
      turn();
      return;
    }
  }

  function create(id: number, { name }: Entry): Operation {
    const aim = aims[Math.floor(random() * aims.length)]!;
    let signal: AbortSignal | undefined;
    if (aim === "never" && random() < 0.8) {
      if (!lasting.has(name)) lasting.set(name, new AbortController());
      ({ signal } = lasting.get(name)!);
    }
    return new Operation(id, name, aim, signal);
  }

  function follow(operation: Operation, known: ReadonlySet<Ending>, answer: Promise<number>): void {
    open.add(operation);
    const end = (outcome: PromiseSettledResult<number>): void => {
      open.delete(operation);
      leaving.push(operation);
      count(ending(place, operation, known, outcome));
    };
    answer.then(
      (value) => end({ status: "fulfilled", value }),
      (reason: unknown) => end({ status: "rejected", reason }),
    );
  }

  function operate(operation: Operation, { service, endings: known }: Entry): void {
    const { signal } = operation;
    if (operation.aim === "before") abort(operation, "before the call");
    if (random() > 0.03) {
      follow(operation, known, service.call(operation, { signal }));
      return;
    }
    const permit = service.ready({ request: operation, signal });
    const givenBack = permit.then((granted) => {
      granted.release();
      granted.release();
      throw operation;
    });
    follow(operation, known, givenBack);
  }

  /** No listener is left for operations that have settled with all their work. */
  function lookAtSignals(): void {
    leaving = leaving.filter((operation) => {
      if (operation.running > 0) return true;
      if (operation.own !== undefined && getEventListeners(operation.signal, "abort").length > 0) {
        fault(place, `${operation.stack}: a listener on the signal of a call that is over`);
      }
      return false;
    });
  }

  async function look(): Promise<void> {
    await rest(place, wait, () => open.size + leaving.length, lookAtSignals);
    if (clock instanceof VirtualClock && clock.pending > 0) fault(place, `armed timers: ${clock.pending}`);
    await wait(500 * pace);
    for (const operation of open) fault(place, `${operation.stack}: an operation without an end`);
    if (leaving.length > 0) fault(place, `work that has not settled: ${leaving.length}`);
    for (const [name, is, should] of atRest()) if (is !== should) fault(place, `${name}: ${is}, not ${should}`);
    for (const [name, { signal }] of lasting) {
      const listeners = getEventListeners(signal, "abort").length;
      if (listeners > 0) fault(place, `${name}: listeners on a long-lived signal: ${listeners}`);
    }
  }

  let done = 0;
  let checkpoints = 0;
  while (done < operations) {
    const now = entries();
    for (const end = Math.min(done + batch, operations); done < end;) {
      const entry = now[Math.floor(random() * now.length)]!;
      operate(create(done++, entry), entry);
    }
    if (random() < 0.02 && done < operations) {
      const entry = now.at(-1)!;
      const operation = new Operation(done, "replaced", "at random", undefined);
      const answer = turnover.replace(operation);
      if (answer !== undefined) {
        done++;
        follow(operation, entry.endings, answer);
      }
    }
    await wait(random() * 40 * pace);
    lookAtSignals();
    if (backoffs.armed() !== backoffs.waiting()) fault(place, "timers of backoffs that nobody is in");
    for (const operation of open) {
      const { aim, phase } = operation;
      if (aim === phase ? random() < 0.5 : aim === "at random" && random() < 0.1) abort(operation, phase);
    }
    if (random() < 0.05) release(place);
    turnover.cutShort();
    if (Math.floor((done / operations) * rests) > checkpoints) {
      checkpoints++;
      await look();
      checkpoint(done);
    }
  }
  for (const entry of entries()) {
    await burst(place, entry, wait, (id) => new Operation(id, entry.name, "never", undefined));
    await look();
  }
  return {
    ...tally,
    "buffers closed": turnover.closes,
    "buffers drained": turnover.drains,
    "drains cut short": turnover.cuts,
  };
}
