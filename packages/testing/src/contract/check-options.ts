import { readOption, readOptions, requireArray, requireMethods, requireNumber, show } from "@sluice/core/kit";
import type { BadOption } from "./scenarios/bad-option.ts";

/** Options of `checkContract`. */
export interface CheckOptions {
  /** Requests that the layer takes, one at least; default `[1, 2, 3]`. For a layer that tells them apart: of several routes, or keys. */
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
   * Whether the layer reserves another service besides the one inside, as `andThen` does: what that one has room for says nothing of the
   * order in which a layer acquires, nor of work inside that goes on. Default: that is found out, by who is asked first when there is no
   * room; a limit that looks for a place of its own only when the service inside has given one is then not told from it.
   */
  readonly joins?: boolean | undefined;
  /** Whether the layer does no more about an answer than look at it: it must not come any later then. Default false. */
  readonly observes?: boolean | undefined;
  /**
   * Whether the layer has something of its own to do, asynchronously, before the call goes on, such as fetching a token. Default false: the
   * work inside must start in the caller's turn.
   */
  readonly defers?: boolean | undefined;
  /** How many random schedules to try: a whole number of 1 or more; default 500. */
  readonly runs?: number | undefined;
  /** Repeats a check: a whole number from -2^31 to 2^31-1. Default: another one each time. */
  readonly seed?: number | undefined;
  /** With the seed of the same report, repeats one schedule and nothing else: numbers between colons, as a report names it. */
  readonly path?: string | undefined;
}

const owner = "checkContract";

const defaults = {
  requests: [1, 2, 3] as readonly unknown[],
  responses: [1, 2, 3] as readonly unknown[],
  badOptions: [] as readonly (BadOption | (() => unknown))[],
  observes: false,
  defers: false,
  runs: 500,
};

/** Options that have been looked at, with the defaults. */
export type CheckedOptions = CheckOptions & typeof defaults & { readonly seed: number };

/** @throws TypeError | RangeError when one is not as it must be */
export function readCheckOptions(options: CheckOptions | undefined): CheckedOptions {
  const anySeed = Math.floor(Math.random() * 2 ** 31);
  const read = { ...defaults, seed: anySeed, ...readOptions(owner, options, names) } as CheckedOptions;
  requireArray(owner, "requests", read.requests, "an array of 1 or more", 1);
  requireArray(owner, "responses", read.responses, "an array of 1 or more", 1);
  requireArray(owner, "badOptions", read.badOptions, "an array of 0 or more");
  read.badOptions.forEach(requireBadOption);
  requireNumber(owner, "runs", read.runs, { min: 1, integer: true });
  requireNumber(owner, "seed", read.seed, { min: -(2 ** 31), max: 2 ** 31 - 1, integer: true });
  for (const name of ["absorbs", "joins", "observes", "defers"] as const) {
    if (read[name] !== undefined && typeof read[name] !== "boolean") throw wrong(name, "a boolean", read[name]);
  }
  const { path } = read;
  if (path === undefined) return read;
  if (typeof path !== "string") throw wrong("path", "a string", path);
  if (!/^\d+(:\d+)*$/.test(path)) throw new RangeError(message("path", "numbers between colons", path));
  if (options?.seed === undefined) throw wrong("seed", "a number where there is a path", undefined);
  return read;
}

const names = [
  "requests",
  "responses",
  "badOptions",
  "absorbs",
  "joins",
  "observes",
  "defers",
  "runs",
  "seed",
  "path",
] as const;

function requireBadOption(value: unknown, index: number): void {
  if (typeof value === "function") return;
  const wanted = "a function, or { option, value, make }";
  requireMethods(owner, `badOptions[${index}]`, value, wanted, ["make"]);
  const option = readOption(owner, value as object, "option", `badOptions[${index}].option`);
  if (typeof option !== "string") throw wrong(`badOptions[${index}].option`, "a string", option);
}

function wrong(option: string, wanted: string, value: unknown): TypeError {
  return new TypeError(message(option, wanted, value));
}

function message(option: string, wanted: string, value: unknown): string {
  return `${owner}: ${option} must be ${wanted}; received ${show(value)}`;
}
