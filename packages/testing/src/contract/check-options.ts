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
  /** Requests that the layer takes, one at least; default `[1, 2, 3]`. For a layer with routes or keys, give requests of several. */
  readonly requests?: readonly unknown[] | undefined;
  /** Responses of the service inside, in turn, one at least; default `[1, 2, 3]`. */
  readonly responses?: readonly unknown[] | undefined;
  /** Ways to construct the layer that must be refused. Default: none, and promise 14 is not applicable. */
  readonly badOptions?: readonly (BadOption | (() => unknown))[] | undefined;
  /**
   * Whether the layer is ready although the service inside is not, as `loadShed` and `buffer` are. Promises 1 and 9 do not apply to such a
   * layer. Default: detected. Set it to `false` for a layer that must not do so.
   */
  readonly absorbs?: boolean | undefined;
  /**
   * Whether the layer reserves another service besides the one inside, as `andThen` does. Promises 6 and 9 cannot be judged by the room of
   * that service. Default: detected, by whether a full layer asks inside. Set it to `false` for a limit that must take its own place first.
   */
  readonly joins?: boolean | undefined;
  /** Whether the layer only observes answers. An answer must then not come later. Default false. */
  readonly observes?: boolean | undefined;
  /**
   * Whether the layer does asynchronous work before the call goes on, such as fetching a token. Default false: the work inside must start
   * in the caller's turn.
   */
  readonly defers?: boolean | undefined;
  /**
   * Whether the layer serves waiting callers in another order than first in, first out, such as by priority. Promise 4 then says only that
   * no caller is overtaken between a grant and the next line, and that a caller is served where there is room. Default false. Not needed
   * where the order depends on the request alone, for order is checked only among equal requests.
   */
  readonly orders?: boolean | undefined;
  /**
   * Whether the layer answers some requests by itself, with nothing reserved inside, such as a cache, or a fallback for a failure of
   * readiness. Promise 4 then does not compare these requests with callers that wait inside, and under promise 5 a permit in hand may keep
   * work alive that it shares. Default false.
   */
  readonly answers?: boolean | undefined;
  /**
   * Whether the layer has no room before it was first asked, such as one that connects on first use. The check asks it first, and lets time
   * pass until there is room. Default false.
   */
  readonly warms?: boolean | undefined;
  /**
   * Awaited, on the virtual clock, before the check counts how much can be reserved: for capacity that arrives in the background. It is
   * called with the value that `make` returned. If it rejects, `checkContract` rejects with the same reason. Default: all capacity is there
   * from the start.
   */
  readonly ready?: ((layer: Made) => PromiseLike<unknown>) | undefined;
  /** How many random schedules to run: a whole number of 1 or more; default 500. */
  readonly runs?: number | undefined;
  /** The seed of a report, to repeat its check: a whole number from -2^31 to 2^31-1. Default: a random one. */
  readonly seed?: number | undefined;
  /** The path from the same report as `seed`: runs only that schedule. Numbers between colons. */
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
