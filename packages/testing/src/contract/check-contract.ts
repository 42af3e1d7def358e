import { type AnyLayer, type Gate, gate, type Layer } from "@sluice/core";
import { requireFunction, show } from "@sluice/core/kit";
import type { VirtualClock } from "../clock/virtual-clock.ts";
import { type CheckedOptions, type CheckOptions, readCheckOptions } from "./check-options.ts";
import { AsyncContext } from "./driver/async-context.ts";
import { RejectionWatch } from "./driver/rejection-watch.ts";
import type { Subject } from "./driver/subject.ts";
import { Findings } from "./findings.ts";
import { findAbsorbs, findCapacity, findJoins } from "./profile.ts";
import { promiseNumbers } from "./promises/promises.ts";
import { checkAtRandom } from "./random/random-check.ts";
import { ContractReport } from "./report.ts";
import { allOrNothing } from "./scenarios/all-or-nothing.ts";
import { askedTwice } from "./scenarios/asked-twice.ts";
import { checkBadOption } from "./scenarios/bad-option.ts";
import { freeWhereIdle } from "./scenarios/free-where-idle.ts";
import { givenBack } from "./scenarios/given-back.ts";
import { heldForNothing } from "./scenarios/held-for-nothing.ts";
import { inLine } from "./scenarios/in-line.ts";
import { longLine } from "./scenarios/long-line.ts";
import { newcomer } from "./scenarios/newcomer.ts";
import { notTerminal } from "./scenarios/not-terminal.ts";
import { onlyObserves } from "./scenarios/only-observes.ts";
import { otherRoute } from "./scenarios/other-route.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import { unlikeTold } from "./scenarios/unlike-told.ts";
import { untilItSettles } from "./scenarios/until-it-settles.ts";

/** Makes a new layer, or gate; called once for each schedule. */
export type MakeLayer<Made extends AnyLayer | Gate<any, any> = AnyLayer | Gate<any, any>> = (given: {
  readonly clock: VirtualClock;
}) => Made;

/**
 * Checks the promises of the contract for any layer or gate. It drives the layer by random schedules (callers reserve, call, release and
 * abort; the inner service answers, fails and refuses; time passes) and by fixed ones. It needs no test runner. It needs fast-check, an
 * optional peer dependency of this package.
 *
 * It checks what can be seen from outside. The README lists what it sees of each promise, and what it cannot see. It measures no real time:
 * work that grows with the length of a line is counted in the methods of arrays that do it.
 *
 * While it runs, `systemClock` and `Math.random` are virtual, and other listeners do not see unhandled rejections. So run nothing else at
 * the same time. Checks that are started together run one after the other.
 *
 * @example
 * const report = await checkContract(({ clock }) => rateLimit({ limit: 2, interval: 1_000, clock }), {
 *   badOptions: [() => rateLimit({ limit: -1, interval: 1_000 })],
 * });
 * report.assert();
 *
 * @param make makes a new layer for each schedule, with the clock that it must use
 * @throws (rejects with) TypeError | RangeError when an option is not in its range; and what `make` throws
 */
export async function checkContract<Made extends AnyLayer | Gate<any, any>>(
  make: MakeLayer<Made>,
  options?: CheckOptions<NoInfer<Made>>,
): Promise<ContractReport> {
  requireFunction(owner, "make", make);
  const checked = readCheckOptions(options);
  const check = latest.then(() => run(make, checked));
  latest = check.catch(() => {});
  return check;
}

const owner = "checkContract";

/** Settles when the latest check has ended. Two checks at the same time would restore each other's globals. */
let latest: Promise<unknown> = Promise.resolve();

async function run(make: MakeLayer, options: CheckedOptions): Promise<ContractReport> {
  const { badOptions, absorbs, joins, ready, runs, seed, path, ...given } = options;
  let name = "";
  const madeAs = new WeakMap<AnyLayer, ReturnType<MakeLayer>>();
  const makeLayer: Subject["make"] = (harness) => {
    const made = make(harness);
    const layer = asLayer(made);
    madeAs.set(layer, made);
    ({ name } = layer);
    return layer;
  };

  const findings = new Findings();
  const context = new AsyncContext<number>();
  const rejections = new RejectionWatch();
  try {
    const unknown: Subject = {
      ...given,
      make: makeLayer,
      ready: ready && ((layer) => ready(madeAs.get(layer))),
      context,
    };
    const subject = {
      ...unknown,
      absorbs: absorbs ?? (await findAbsorbs(unknown)),
      capacity: await findCapacity(unknown),
      joins: joins ?? (await findJoins(unknown)),
    };
    const profile = { subject, rejections };
    findings.add(await checkAtRandom(profile, { runs, seed, path }));
    if (path === undefined) {
      findings.add({ breaches: badOptions.flatMap((bad, index) => checkBadOption(bad, index) ?? []) });
      if (badOptions.length === 0) findings.excuse(14, "no bad options were given");
      if (subject.absorbs) findings.excuse(1, "it is ready whether the service inside is or not");
      for (const scenario of scenarios) findings.add(await scenario(profile));
    } else for (const number of promiseNumbers) findings.excuse(number, `only the schedule at ${path} was run`);
  } finally {
    rejections.stop();
    context.stop();
  }
  return new ContractReport(name, seed, path === undefined ? runs : 1, findings.all());
}

/** The fixed schedules. */
const scenarios: readonly Scenario[] = [
  givenBack,
  inLine,
  newcomer,
  otherRoute,
  longLine,
  untilItSettles,
  allOrNothing,
  unlikeTold,
  askedTwice,
  heldForNothing,
  freeWhereIdle,
  onlyObserves,
  notTerminal,
];

function asLayer(made: AnyLayer | Gate<any, any>): AnyLayer {
  // `wrap` first: a layer may also have the methods of a gate, for slots of its own.
  if (has(made, "wrap")) return made as AnyLayer;
  if (has(made, "tryAcquire")) return gate(made as Gate<any, any>, { name: made.constructor.name }) as Layer<any>;
  throw new TypeError(`${owner}: make must return a layer or a gate; received ${show(made)}`);
}

function has(made: unknown, method: string): boolean {
  return typeof made === "object" && made !== null && typeof Reflect.get(made, method) === "function";
}
