import { type Arbitrary, array, boolean, constant, constantFrom, nat, record } from "fast-check";
import type { Harness } from "../driver/harness.ts";
import { askAborted, useAgain } from "./misuse.ts";

/** The kinds of step, and their weights. */
const kinds = {
  call: 3,
  bareCall: 1,
  ready: 3,
  blindReady: 1,
  tryReady: 2,
  spend: 2,
  release: 1,
  useAgain: 1,
  askAborted: 1,
  respond: 2,
  fail: 1,
  handUp: 1,
  endWork: 1,
  abort: 2,
  allow: 2,
  failReadiness: 1,
  advance: 2,
  jump: 1,
};

type Kind = keyof typeof kinds;

/** One step of a schedule. Each kind reads only the members that it needs. */
interface Step {
  readonly kind: Kind;
  /** Chooses one of the existing permits, operations or calls, by remainder. */
  readonly pick: number;
  /** Chooses one of the requests, by remainder. */
  readonly request: number;
  readonly ms: number;
  /** What runs before the next step: all microtasks, none, or one. */
  readonly pause: "settle" | "nothing" | "one microtask";
  /** Chooses a variant of the kind. */
  readonly other: boolean;
}

/** The steps for one harness. */
export interface Schedule {
  /** Whether the inner service is a `ForeignService`. */
  readonly foreign: boolean;
  /** Whether `now()` stands still while timers fire. */
  readonly clockStandsStill: boolean;
  /** Whether it begins before {@link Harness.prepare}, where the options say that room comes later. */
  readonly cold: boolean;
  readonly steps: readonly Step[];
}

/** Random schedules of what clients, the inner service and time can do. With `warms`, some of them begin cold. */
export function schedules(warms: boolean): Arbitrary<Schedule> {
  const weights = Object.entries(kinds) as [Kind, number][];
  const step = record({
    kind: constantFrom(...weights.flatMap(([kind, weight]) => Array<Kind>(weight).fill(kind))),
    pick: nat(5),
    // Mostly the same one: order is promised only among equal requests.
    request: constantFrom(0, 0, 0, 1, 2),
    ms: constantFrom(0, 1, 10, 100, 1_000, 60_000),
    pause: constantFrom<Step["pause"][]>("settle", "settle", "settle", "nothing", "one microtask"),
    other: boolean(),
  });
  return record({
    foreign: boolean(),
    clockStandsStill: constantFrom(false, false, false, true),
    cold: warms ? boolean() : constant(false),
    steps: array(step, { maxLength: 24, size: "max" }),
  });
}

/** Takes the steps one after the other. A step that lacks what it needs, such as a permit to spend, is skipped. */
export async function perform(harness: Harness, { clockStandsStill, steps }: Schedule): Promise<void> {
  if (clockStandsStill) {
    harness.trace.did("now() stands still while timers fire");
    harness.clockStandsStill = true;
  }
  for (const step of steps) {
    // Misuse is judged by comparing counters before and after, so it starts at rest.
    if ((step.kind === "useAgain" || step.kind === "askAborted") && !harness.trace.calm) await harness.settle();
    // Awaited only where it is a promise: `await` itself would let a microtask run.
    const done = take(harness, step);
    if (done !== undefined) await done;
    if (step.pause === "settle") await harness.settle();
    else if (step.pause === "one microtask") await harness.hurry();
    else harness.trace.saw("… and in the same turn");
  }
  await harness.settle();
}

function take(harness: Harness, step: Step): Promise<void> | undefined {
  const { clients, inner, subject } = harness;
  const { pick, ms, other } = step;
  const request = subject.requests[step.request % subject.requests.length];
  switch (step.kind) {
    case "call":
      clients.call(request);
      break;
    case "bareCall":
      clients.call(request, true);
      break;
    case "ready":
      clients.ready(request);
      break;
    case "blindReady":
      if (other) clients.ready(request, false);
      else clients.tryReady(request, false);
      break;
    case "tryReady":
      clients.tryReady(request);
      break;
    case "spend":
      withOne(clients.held, pick, (held) => clients.spend(held));
      break;
    case "release":
      withOne(clients.held, pick, (held) => clients.release(held));
      break;
    case "useAgain":
      return withOne(clients.used, pick, (held) => useAgain(harness, held, other ? "call" : "release"));
    case "askAborted":
      return askAborted(harness, request, other ? withOne(clients.held, pick, (held) => held) : undefined);
    case "respond":
      withOne(inner.inFlight, pick, (arrival) => inner.respond(arrival));
      break;
    case "fail":
      withOne(inner.inFlight, pick, (arrival) => inner.fail(arrival));
      break;
    case "handUp":
      withOne(inner.inFlight, pick, (arrival) => inner.handUp(arrival));
      break;
    case "endWork":
      if (inner.pendingWork > 0) inner.endWork(pick % inner.pendingWork);
      break;
    case "abort": {
      const patient = clients.operations.filter(({ open, aborted, bare }) => open && !aborted && !bare);
      withOne(patient, pick, (operation) => clients.abort(operation));
      break;
    }
    case "allow":
      inner.allow(pick > 4 ? Number.POSITIVE_INFINITY : pick % 3);
      break;
    case "failReadiness":
      inner.failReadiness();
      break;
    case "advance":
      return harness.advance(ms);
    case "jump":
      harness.jump(ms);
      break;
  }
  return undefined;
}

/** Calls `use` with the element that `pick` chooses, if there is one. */
function withOne<T, R>(all: readonly T[], pick: number, use: (one: T) => R): R | undefined {
  const chosen = all[pick % all.length];
  return chosen === undefined ? undefined : use(chosen);
}
