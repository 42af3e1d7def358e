import { type AnyLayer, type Gate, gate, type Layer } from "@sluice/core";
import { requireFunction, show } from "@sluice/core/kit";
import { allOrNothing } from "./scenarios/all-or-nothing.ts";
import { AsyncContext } from "./driver/async-context.ts";
import { checkBadOption } from "./scenarios/bad-option.ts";
import { type CheckedOptions, type CheckOptions, readCheckOptions } from "./check-options.ts";
import { type Breach, numberOf, type PromiseNumber, promiseNumbers } from "./promises/promises.ts";
import { brokenBy, ContractReport, unbroken } from "./report.ts";
import { freeWhereIdle } from "./scenarios/free-where-idle.ts";
import { givenBack } from "./scenarios/given-back.ts";
import { inLine } from "./scenarios/in-line.ts";
import { longLine } from "./scenarios/long-line.ts";
import { notTerminal } from "./scenarios/not-terminal.ts";
import { onlyObserves } from "./scenarios/only-observes.ts";
import { otherRoute } from "./scenarios/other-route.ts";
import { findAbsorbs, findCapacity, findJoins } from "./profile.ts";
import { checkAtRandom } from "./random/random-check.ts";
import { RejectionWatch } from "./driver/rejection-watch.ts";
import type { Observation, Scenario } from "./scenarios/scenario.ts";
import type { Subject } from "./driver/subject.ts";
import { unlikeTold } from "./scenarios/unlike-told.ts";
import { untilItSettles } from "./scenarios/until-it-settles.ts";
import type { VirtualClock } from "../clock/virtual-clock.ts";

/** Makes the layer anew, or the gate; called once for each schedule. */
export type MakeLayer = (given: { readonly clock: VirtualClock }) => AnyLayer | Gate<any, any>;

/**
 * Checks the promises of the contract for a layer, or a gate, of anyone's own: random schedules of callers who reserve, call, give back
 * and abort, of a service inside that answers, fails and refuses, and of time that passes; and some that are always the same. It needs no
 * test runner.
 *
 * What nobody can see from outside is not checked: the README says which sentences of the contract those are. Work that grows with the
 * length of a line is seen where it is done by methods of arrays, and nothing is measured by the clock on the wall.
 *
 * While it runs, the process is not as usual: systemClock and Math.random are virtual, and unhandled rejections are kept from others. So
 * nothing else should run at the same time. Checks that are begun together run one after the other.
 *
 * @example
 * const report = await checkContract(({ clock }) => rateLimit({ limit: 2, interval: 1_000, clock }), {
 *   badOptions: [() => rateLimit({ limit: -1, interval: 1_000 })],
 * });
 * report.assert();
 *
 * @throws (rejects with) TypeError | RangeError when an option is not as it must be, and with what `make` throws
 */
export async function checkContract(make: MakeLayer, options?: CheckOptions): Promise<ContractReport> {
  requireFunction(owner, "make", make);
  const checked = readCheckOptions(options);
  const check = latest.then(() => run(make, checked));
  latest = check.catch(() => {});
  return check;
}

const owner = "checkContract";

/** Settles when the check that was begun last is over: two at once would put back each other's globals. */
let latest: Promise<unknown> = Promise.resolve();

async function run(make: MakeLayer, options: CheckedOptions): Promise<ContractReport> {
  const { badOptions, absorbs, joins, runs, seed, path, ...given } = options;
  let name = "";
  const madeAnew: Subject["make"] = (world) => {
    const layer = asLayer(make(world));
    ({ name } = layer);
    return layer;
  };

  const findings = new Findings();
  const context = new AsyncContext<number>();
  const rejections = new RejectionWatch();
  try {
    const unknown: Subject = { ...given, make: madeAnew, context };
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

/** What chance would seldom come by. */
const scenarios: readonly Scenario[] = [
  givenBack,
  inLine,
  otherRoute,
  longLine,
  untilItSettles,
  allOrNothing,
  unlikeTold,
  freeWhereIdle,
  onlyObserves,
  notTerminal,
];

/** What was found out about all promises: of each the first breach that was seen. */
class Findings {
  private readonly breaches: Map<PromiseNumber, Breach> = new Map();
  private readonly excuses: Map<PromiseNumber, string> = new Map();
  private readonly remarks: Map<PromiseNumber, string> = new Map();

  add({ breaches, notApplicable, remark }: Observation): void {
    for (const breach of breaches) {
      const number = numberOf(breach);
      if (!this.breaches.has(number)) this.breaches.set(number, breach);
    }
    for (const [number, why] of notApplicable ?? []) this.excuse(number, why);
    if (remark !== undefined) this.remarks.set(...remark);
  }

  excuse(number: PromiseNumber, why: string): void {
    this.excuses.set(number, why);
  }

  all(): ReturnType<typeof brokenBy>[] {
    return promiseNumbers.map((number) => {
      const breach = this.breaches.get(number);
      if (breach !== undefined) return brokenBy(number, breach);
      const excuse = this.excuses.get(number);
      return unbroken(number, excuse === undefined ? "held" : "not applicable", excuse ?? this.remarks.get(number));
    });
  }
}

function asLayer(made: AnyLayer | Gate<any, any>): AnyLayer {
  // Asked first: a layer may be a gate as well, of its own slots.
  if (has(made, "wrap")) return made as AnyLayer;
  if (has(made, "tryAcquire")) return gate(made as Gate<any, any>, { name: made.constructor.name }) as Layer<any>;
  throw new TypeError(`${owner}: what make answers with must be a layer or a gate; received ${show(made)}`);
}

function has(made: unknown, method: string): boolean {
  return typeof made === "object" && made !== null && typeof Reflect.get(made, method) === "function";
}
