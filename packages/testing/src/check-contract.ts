import { type AnyLayer, type Gate, gate, type Layer } from "@sluice/core";
import {
  readOption,
  readOptions,
  requireArray,
  requireFunction,
  requireMethods,
  requireNumber,
  show,
} from "@sluice/core/internal";
import { allOrNothing } from "./contract/all-or-nothing.ts";
import { AsyncContext } from "./contract/async-context.ts";
import { type BadOption, checkBadOption } from "./contract/bad-option.ts";
import { type Breach, type PromiseNumber, promiseNumbers } from "./contract-promise.ts";
import { ContractReport, finding } from "./contract-report.ts";
import { freeWhereIdle } from "./contract/free-where-idle.ts";
import { inLine } from "./contract/in-line.ts";
import { notTerminal } from "./contract/not-terminal.ts";
import { findAbsorbs, findCapacity } from "./contract/profile.ts";
import { checkAtRandom } from "./contract/random-check.ts";
import { RejectionWatch } from "./contract/rejection-watch.ts";
import type { Scenario } from "./contract/scenario.ts";
import type { Subject } from "./contract/subject.ts";
import { untilItSettles } from "./contract/until-it-settles.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** Options of {@link checkContract}. */
export interface CheckOptions {
  /** Requests that the layer takes, one at least; default `[1, 2, 3]`. */
  readonly requests?: readonly unknown[] | undefined;
  /** What the service inside answers, one at least; default `[1, 2, 3]`. */
  readonly responses?: readonly unknown[] | undefined;
  /** Ways to construct the layer that must be refused. Default: none, and promise 14 is not applicable. */
  readonly badOptions?: readonly (BadOption | (() => unknown))[] | undefined;
  /**
   * Whether the layer is ready though the service inside is not, as `loadShed` and `buffer` are. Default: that is found out, and a layer
   * that should not be so is not told from one that should.
   */
  readonly absorbs?: boolean | undefined;
  /**
   * Whether the layer has something of its own to do, asynchronously, before the call goes on, such as fetching a token. Default false: the
   * work inside must start in the caller's turn.
   */
  readonly defers?: boolean | undefined;
  /** How many random schedules to try: a whole number of 1 or more; default 500. */
  readonly runs?: number | undefined;
  /** Repeats a check: a whole number from -2^31 to 2^31-1. Default: another one each time. */
  readonly seed?: number | undefined;
}

/** Makes the layer anew, or the gate; called once for each schedule. */
export type MakeSubject = (given: { readonly clock: VirtualClock }) => AnyLayer | Gate<any, any>;

/**
 * Checks the promises of the contract for a layer, or a gate, of anyone's own: random schedules of callers who reserve, call, give back
 * and abort, of a service inside that answers, fails and refuses, and of time that passes; and some that are always the same. It needs no
 * test runner.
 *
 * While it runs, the process is not as usual: systemClock and Math.random are virtual, and unhandled rejections are kept from others. So
 * nothing else should run at the same time.
 *
 * @example
 * const report = await checkContract(({ clock }) => rateLimit({ limit: 2, interval: 1_000, clock }), {
 *   badOptions: [() => rateLimit({ limit: -1, interval: 1_000 })],
 * });
 * report.assert();
 *
 * @throws (rejects with) TypeError | RangeError when an option is not as it must be, and with what `make` throws
 */
export async function checkContract(make: MakeSubject, options?: CheckOptions): Promise<ContractReport> {
  requireFunction(owner, "make", make);
  const { requests, responses, badOptions, absorbs, defers, runs, seed } = readCheckOptions(options);
  let name = "";
  const madeAnew = (given: { readonly clock: VirtualClock }): AnyLayer => {
    const layer = asLayer(make(given));
    ({ name } = layer);
    return layer;
  };

  const breaches = new Map<PromiseNumber, Breach>();
  const excuses = new Map<PromiseNumber, string>();
  const remember = (breach: Breach | undefined): void => {
    if (breach !== undefined && !breaches.has(breach.number)) breaches.set(breach.number, breach);
  };

  badOptions.map(checkBadOption).forEach(remember);
  if (badOptions.length === 0) excuses.set(14, "no bad options were given");

  const context = new AsyncContext<number>();
  const rejections = new RejectionWatch();
  try {
    const unknown: Subject = { make: madeAnew, requests, responses, defers, context };
    const subject = {
      ...unknown,
      absorbs: absorbs ?? (await findAbsorbs(unknown)),
      capacity: await findCapacity(unknown),
    };
    const profile = { subject, rejections };
    if (subject.absorbs) excuses.set(1, "it is ready whether the service inside is or not");
    const random = await checkAtRandom(profile, { runs, seed });
    random.breaches.forEach(remember);
    for (const [number, why] of random.notApplicable) excuses.set(number, why);
    for (const { number, observe } of scenarios) {
      const observation = await observe(profile);
      observation.breaches.forEach(remember);
      if (observation.notApplicable !== undefined) excuses.set(number, observation.notApplicable);
    }
  } finally {
    rejections.stop();
    context.stop();
  }

  const findings = promiseNumbers.map((number) => {
    const breach = breaches.get(number);
    if (breach !== undefined) return finding(number, "broken", breach.what, breach.schedule);
    const excuse = excuses.get(number);
    return finding(number, excuse === undefined ? "held" : "not applicable", excuse);
  });
  return new ContractReport(name, seed, runs, findings);
}

const owner = "checkContract";

const scenarios: readonly Scenario[] = [inLine, untilItSettles, allOrNothing, freeWhereIdle, notTerminal];

function readCheckOptions(
  options: CheckOptions | undefined,
): Required<CheckOptions> & typeof defaults & { seed: number } {
  const names = ["requests", "responses", "badOptions", "absorbs", "defers", "runs", "seed"] as const;
  const anySeed = Math.floor(Math.random() * 2 ** 31);
  const read = { ...defaults, seed: anySeed, absorbs: undefined, ...readOptions(owner, options, names) };
  requireArray(owner, "requests", read.requests, "an array of 1 or more", 1);
  requireArray(owner, "responses", read.responses, "an array of 1 or more", 1);
  requireArray(owner, "badOptions", read.badOptions, "an array of 0 or more");
  read.badOptions.forEach(requireBadOption);
  requireNumber(owner, "runs", read.runs, { min: 1, integer: true });
  requireNumber(owner, "seed", read.seed, { min: -(2 ** 31), max: 2 ** 31 - 1, integer: true });
  if (read.absorbs !== undefined) requireBoolean("absorbs", read.absorbs);
  requireBoolean("defers", read.defers);
  return read as ReturnType<typeof readCheckOptions>;
}

const defaults = {
  requests: [1, 2, 3] as readonly unknown[],
  responses: [1, 2, 3] as readonly unknown[],
  badOptions: [] as readonly (BadOption | (() => unknown))[],
  defers: false,
  runs: 500,
};

function requireBadOption(value: unknown, index: number): void {
  if (typeof value === "function") return;
  const wanted = "a function, or { option, value, make }";
  requireMethods(owner, `badOptions[${index}]`, value, wanted, ["make"]);
  const option = readOption(owner, value as object, "option", `badOptions[${index}].option`);
  if (typeof option === "string") return;
  throw new TypeError(`${owner}: badOptions[${index}].option must be a string; received ${show(option)}`);
}

function requireBoolean(option: string, value: unknown): void {
  if (typeof value === "boolean") return;
  throw new TypeError(`${owner}: ${option} must be a boolean; received ${show(value)}`);
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
