import type * as FastCheck from "fast-check";
import { askAborted, useAgain } from "./misuse.ts";
import type { World } from "../driver/harness.ts";

/** What may happen next, and how often it does. */
const happenings = {
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

type Happening = keyof typeof happenings;

/** One thing that happens. What it does not need it does not look at. */
interface Step {
  readonly happening: Happening;
  /** Which of those there are: of permits, errands, requests, … */
  readonly pick: number;
  readonly request: number;
  readonly ms: number;
  /** What happens before the next step: everything comes to rest, nothing, or one microtask runs. */
  readonly pause: "settle" | "nothing" | "one microtask";
  /** Another way of the same. */
  readonly other: boolean;
}

/** What happens in a world, from its beginning. */
export interface Schedule {
  /** Whether the service inside is ours, as layers know it, or one that somebody else wrote. */
  readonly foreign: boolean;
  /** Whether `now()` says the same while timers fire. */
  readonly clockStandsStill: boolean;
  readonly steps: readonly Step[];
}

/** Any order of things that callers, the service inside and time can do. */
export function schedules(fastCheck: typeof FastCheck): FastCheck.Arbitrary<Schedule> {
  const { array, boolean, constantFrom, nat, record } = fastCheck;
  const weights = Object.entries(happenings) as [Happening, number][];
  const step = record({
    happening: constantFrom(...weights.flatMap(([happening, weight]) => Array<Happening>(weight).fill(happening))),
    pick: nat(5),
    // Mostly the same: those who ask for the same are served in order.
    request: constantFrom(0, 0, 0, 1, 2),
    ms: constantFrom(0, 1, 10, 100, 1_000, 60_000),
    pause: constantFrom<Step["pause"][]>("settle", "settle", "settle", "nothing", "one microtask"),
    other: boolean(),
  });
  return record({
    foreign: boolean(),
    clockStandsStill: constantFrom(false, false, false, true),
    steps: array(step, { maxLength: 24, size: "max" }),
  });
}

/** Does as the schedule says, from the first step to the last. A step for which nobody is there is left out. */
export async function perform(world: World, { clockStandsStill, steps }: Schedule): Promise<void> {
  if (clockStandsStill) {
    world.chronicle.did("now() stands still while timers fire");
    world.clockStandsStill = true;
  }
  for (const step of steps) {
    // These are compared with what was before.
    if ((step.happening === "useAgain" || step.happening === "askAborted") && !world.chronicle.calm)
      await world.settle();
    // Awaiting what is there already would let microtasks run.
    const done = performStep(world, step);
    if (done !== undefined) await done;
    if (step.pause === "settle") await world.settle();
    else if (step.pause === "one microtask") await world.hurry();
    else world.chronicle.saw("… and in the same turn");
  }
  await world.settle();
}

function performStep(world: World, step: Step): Promise<void> | undefined {
  const { callers, inside, subject } = world;
  const { pick, ms, other } = step;
  const request = subject.requests[step.request % subject.requests.length];
  switch (step.happening) {
    case "call":
      callers.call(request);
      break;
    case "bareCall":
      callers.call(request, true);
      break;
    case "ready":
      callers.ready(request);
      break;
    case "blindReady":
      if (other) callers.ready(request, false);
      else callers.tryReady(request, false);
      break;
    case "tryReady":
      callers.tryReady(request);
      break;
    case "spend":
      one(callers.held, pick, (held) => callers.spend(held));
      break;
    case "release":
      one(callers.held, pick, (held) => callers.release(held));
      break;
    case "useAgain":
      return one(callers.used, pick, (held) => useAgain(world, held, other ? "call" : "release"));
    case "askAborted":
      return askAborted(world, request, other ? one(callers.held, pick, (held) => held) : undefined);
    case "respond":
      one(inside.inFlight, pick, (arrival) => inside.respond(arrival));
      break;
    case "fail":
      one(inside.inFlight, pick, (arrival) => inside.fail(arrival));
      break;
    case "handUp":
      one(inside.inFlight, pick, (arrival) => inside.handUp(arrival));
      break;
    case "endWork":
      if (inside.works > 0) inside.endWork(pick % inside.works);
      break;
    case "abort": {
      const patient = callers.errands.filter(({ open, aborted, bare }) => open && !aborted && !bare);
      one(patient, pick, (errand) => callers.abort(errand));
      break;
    }
    case "allow":
      inside.allow(pick > 4 ? Number.POSITIVE_INFINITY : pick % 3);
      break;
    case "failReadiness":
      inside.failReadiness();
      break;
    case "advance":
      return world.advance(ms);
    case "jump":
      world.jump(ms);
      break;
  }
  return undefined;
}

/** Uses one of them, where there is any. */
function one<T, R>(all: readonly T[], pick: number, use: (one: T) => R): R | undefined {
  const chosen = all[pick % all.length];
  return chosen === undefined ? undefined : use(chosen);
}
