import {
  readOption,
  readOptions,
  requireArray,
  requireFunction,
  requireMethods,
  requireNumber,
  show,
} from "@sluice/core/kit";
import type { BadOption } from "./scenarios/bad-option.ts";

/** Options of `checkContract`, for a layer of type `Made`. */
export interface CheckOptions<Made = any> {
  /** Requests that the layer takes, one at least; default `[1, 2, 3]`. For a layer that tells them apart, give several routes or keys. */
  readonly requests?: readonly unknown[] | undefined;
  /** Responses of the service inside, in turn, one at least; default `[1, 2, 3]`. */
  readonly responses?: readonly unknown[] | undefined;
  /** Ways to construct the layer that must be refused. Default: none, and promise 14 is not applicable. */
  readonly badOptions?: readonly (BadOption | (() => unknown))[] | undefined;
  /**
   * Whether the layer is ready though the service inside is not, as `loadShed` and `buffer` are. Promises 1 and 9 do not apply to such a
   * layer. Default: it is found out; say `false` for a layer that must not be so by accident.
   */
  readonly absorbs?: boolean | undefined;
  /**
   * Whether the layer reserves another service besides the one inside, as `andThen` does. The room of that service says nothing about
   * promises 6 and 9. Default: it is found out, by whether a full layer asks inside; say `false` for a limit that must take a place of its
   * own first.
   */
  readonly joins?: boolean | undefined;
  /** Whether the layer does no more about an answer than observe it: the answer must not come later then. Default false. */
  readonly observes?: boolean | undefined;
  /**
   * Whether the layer does something of its own, asynchronously, before the call goes on, such as fetching a token. Default false: the work
   * inside must start in the caller's turn.
   */
  readonly defers?: boolean | undefined;
  /**
   * Whether the layer serves those who wait in an order of its own, such as by priority, or the last to come first. Promise 4 then says
   * only that no caller is overtaken between a grant and the next line, and that somebody is served where there is room. Default false. Not
   * needed where the order depends on the request alone: those who ask for the same are in order then.
   */
  readonly orders?: boolean | undefined;
  /**
   * Whether the layer answers some requests by itself, with nothing reserved inside, such as a cache, or a fallback that answers for a
   * failure of readiness. Promise 4 then does not compare those with callers that wait inside, and promise 5 lets a permit in hand keep the
   * work alive, which may be for the same answer. Default false.
   */
  readonly answers?: boolean | undefined;
  /**
   * Whether the layer has no room until it was first asked for some, such as one that connects when it is first needed. It is asked, and
   * time passes until there is room, before the check counts. Default false.
   */
  readonly warms?: boolean | undefined;
  /**
   * Awaited, on the virtual clock, before the check counts how much can be reserved: for capacity that arrives in the background. It is
   * called with what `make` returned; what it rejects with, `checkContract` rejects with. Default: all capacity is there from the start.
   */
  readonly ready?: ((layer: Made) => PromiseLike<unknown>) | undefined;
  /** How many random schedules to run: a whole number of 1 or more; default 500. */
  readonly runs?: number | undefined;
  /** The seed of a report, to repeat its check: a whole number from -2^31 to 2^31-1. Default: a new one each time. */
  readonly seed?: number | undefined;
  /** With the seed of the same report, runs one schedule and nothing else: numbers between colons, as the report names it. */
  readonly path?: string | undefined;
}

const owner = "checkContract";

const defaults = {
  requests: [1, 2, 3] as readonly unknown[],
  responses: [1, 2, 3] as readonly unknown[],
  badOptions: [] as readonly (BadOption | (() => unknown))[],
  observes: false,
  defers: false,
  orders: false,
  answers: false,
  warms: false,
  runs: 500,
};

/** Checked options, with their defaults. */
export type CheckedOptions = CheckOptions & typeof defaults & { readonly seed: number };

/** @throws TypeError | RangeError when an option is not in its range */
export function readCheckOptions(options: CheckOptions | undefined): CheckedOptions {
  const anySeed = Math.floor(Math.random() * 2 ** 31);
  const read = { ...defaults, seed: anySeed, ...readOptions(owner, options, names) } as CheckedOptions;
  requireArray(owner, "requests", read.requests, "an array of 1 or more", 1);
  requireArray(owner, "responses", read.responses, "an array of 1 or more", 1);
  requireArray(owner, "badOptions", read.badOptions, "an array of 0 or more");
  read.badOptions.forEach(requireBadOption);
  requireNumber(owner, "runs", read.runs, { min: 1, integer: true });
  requireNumber(owner, "seed", read.seed, { min: -(2 ** 31), max: 2 ** 31 - 1, integer: true });
  for (const name of ["absorbs", "joins", "observes", "defers", "orders", "answers", "warms"] as const) {
    if (read[name] !== undefined && typeof read[name] !== "boolean") throw wrong(name, "true or false", read[name]);
  }
  if (read.ready !== undefined) requireFunction(owner, "ready", read.ready);
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
  "orders",
  "answers",
  "warms",
  "ready",
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
