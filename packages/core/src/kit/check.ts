import { type Clock, longestTimer, systemClock } from "../contract/clock.ts";
import { nearest } from "./nearest.ts";

/** What was received, in a few characters: error messages name it. Never throws, whatever the value. */
export function show(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
    case "function":
      return `a function${nameOf(value)}`;
    case "object":
      if (value === null) return "null";
      return isArray(value) ? "an array" : isService(value) ? "a service" : `an object${nameOf(value)}`;
    case "bigint":
      return `${value}n`;
    default:
      return String(value);
  }
}

/** Functions and layers have names: a layer's function that was not called is recognised by it. */
function nameOf(value: object): string {
  try {
    const { name } = value as { readonly name?: unknown };
    return typeof name === "string" && /^[\w$]+$/.test(name) ? ` (${name})` : "";
  } catch {
    return "";
  }
}

function isService(value: unknown): boolean {
  return hasMethod(value, "tryReady");
}

function isArray(value: unknown): value is unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    // A proxy that was revoked.
    return false;
  }
}

function wrongType(owner: string, option: string, wanted: string, value: unknown): TypeError {
  return new TypeError(`${owner}: ${option} must be ${wanted}; received ${show(value)}`);
}

/**
 * A member of `holder`.
 *
 * @param option what the error calls it
 * @throws TypeError when reading it throws
 */
export function readOption(owner: string, holder: object, name: string, option: string = name): unknown {
  try {
    return (holder as Record<string, unknown>)[name];
  } catch (cause) {
    throw new TypeError(`${owner}: ${option} could not be read; received a getter that throws`, { cause });
  }
}

/**
 * The named members of `options`, each read once. They are all that there may be: an unknown option is a mistake, also
 * where it is undefined. Symbols, and what is inherited, are not looked at.
 *
 * @param names all options that there are
 * @throws TypeError when `options` is not an object, has an option of another name, or reading a member throws
 */
export function readOptions<T extends object>(
  owner: string,
  options: T | undefined,
  names: readonly (keyof T & string)[],
): Partial<T> {
  if (options === undefined) return {};
  if (typeof options !== "object" || options === null || isArray(options)) {
    throw wrongType(owner, "options", "an object", options);
  }
  requireKnown(owner, options, names);
  const read: Partial<T> = {};
  for (const name of names) {
    const value = readOption(owner, options, name) as T[typeof name];
    if (value !== undefined) read[name] = value;
  }
  return read;
}

/** @throws TypeError when `options` has an own enumerable member, other than a symbol, that is not one of `names` */
function requireKnown(owner: string, options: object, names: readonly string[]): void {
  for (const key of keysOf(owner, options)) {
    if (names.includes(key)) continue;
    throw isService(options) ? wrongType(owner, "options", "an object", options) : unknownOption(owner, key, names);
  }
}

function keysOf(owner: string, options: object): readonly string[] {
  try {
    return Object.keys(options);
  } catch (cause) {
    throw new TypeError(`${owner}: options could not be read; received a proxy that throws`, { cause });
  }
}

/** The error for an unknown option. It names the nearest known one, or all of them. */
export function unknownOption(owner: string, key: string, names: readonly string[]): TypeError {
  const near = nearest(key, names);
  const hint =
    near !== undefined
      ? `did you mean ${near}?`
      : names.length > 0
        ? `the options are ${names.join(", ")}`
        : "there are no options";
  return new TypeError(`${owner}: ${/^[\w$]+$/.test(key) ? key : show(key)} is not an option; ${hint}`);
}

/** What a number must be. */
export interface NumberRange {
  /** The least it may be. */
  readonly min: number;
  /** The most it may be; default Infinity, which itself is allowed only with `infinity`. */
  readonly max?: number;
  /** Whole numbers only. */
  readonly integer?: boolean;
  /** Whether Infinity will do. */
  readonly infinity?: boolean;
  /** Whether it must be above `min`, not at it. */
  readonly above?: boolean;
  /** Whether it must be below `max`, not at it. */
  readonly below?: boolean;
}

/**
 * @throws TypeError when `value` is not a number
 * @throws RangeError when it is out of range
 */
export function requireNumber(owner: string, option: string, value: unknown, range: NumberRange): number {
  if (typeof value !== "number") throw wrongType(owner, option, describe(range), value);
  const {
    min,
    max = Number.POSITIVE_INFINITY,
    integer = false,
    infinity = false,
    above = false,
    below = false,
  } = range;
  const finite = Number.isFinite(value) ? !integer || Number.isInteger(value) : infinity && value > 0;
  if (!finite || value < min || (above && value === min) || value > max || (below && value === max)) {
    throw new RangeError(`${owner}: ${option} must be ${describe(range)}; received ${show(value)}`);
  }
  return value;
}

function describe({ min, max, integer, infinity, above, below }: NumberRange): string {
  const kind = integer ? "a whole number" : "a number";
  const from = above ? `above ${min}` : `of ${min} or more`;
  return `${kind} ${from}${max === undefined ? "" : ` and ${below ? "below" : "at most"} ${max}`}${infinity ? ", or Infinity" : ""}`;
}

/**
 * A time in milliseconds: 0 or more (or above 0), at most 2^31-1.
 *
 * @throws TypeError when `value` is not a number
 * @throws RangeError when it is out of range
 */
export function requireDuration(
  owner: string,
  option: string,
  value: unknown,
  { above = false }: { readonly above?: boolean } = {},
): number {
  return requireNumber(owner, option, value, { min: 0, max: longestTimer, above });
}

/** @throws TypeError when `value` is not a number; NaN is none. Whether it is near is seen where a layer reads its clock: {@link requireNear} */
export function requireDeadline(owner: string, value: unknown): void {
  if (typeof value !== "number" || Number.isNaN(value)) throw wrongType(owner, "deadline", "a number", value);
}

/**
 * A caller's deadline, in a layer that has read its clock. One that is further away than a timer can be set is a mistake: a time of another
 * clock, which would never be due. Infinity is no deadline.
 *
 * @param now what the clock says
 * @throws RangeError when `deadline` is more than 2^31-1 ms from `now`
 */
export function requireNear(owner: string, deadline: number, now: number): void {
  if (deadline - now <= longestTimer || deadline === Number.POSITIVE_INFINITY) return;
  throw new RangeError(
    `${owner}: deadline must be at most ${longestTimer} ms from now, in the time of the clock that the layer was given (performance.now() by default, which is not Date.now()) and where it is now ${now}; received ${deadline}`,
  );
}

/** @throws TypeError when `value` is not an AbortSignal, of whichever realm or make */
export function requireSignal(owner: string, value: AbortSignal): AbortSignal {
  if (isSignal(value)) return value;
  throw wrongType(owner, "signal", "an AbortSignal", value);
}

/** Whether `value` is an AbortSignal, of whichever realm or make. */
export function isSignal(value: unknown): boolean {
  return hasMethod(value, "addEventListener") && typeof (value as AbortSignal).aborted === "boolean";
}

/** @throws TypeError when `value` is not a boolean: what is only truthy, such as a function that returns one, is a mistake */
export function requireBoolean(owner: string, option: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw wrongType(owner, option, "true or false", value);
}

/** @throws TypeError when `value` is not a string with something in it */
export function requireName(owner: string, value: unknown, option = "name"): asserts value is string {
  if (typeof value !== "string" || value === "") throw wrongType(owner, option, "a non-empty string", value);
}

/** @throws TypeError when `value` is not a function */
export function requireFunction(owner: string, option: string, value: unknown): void {
  if (typeof value !== "function") throw wrongType(owner, option, "a function", value);
}

/** @throws TypeError when `value` is not an object or a function */
export function requireObject(owner: string, option: string, value: unknown, wanted = "an object"): void {
  if (Object(value) !== value) throw wrongType(owner, option, wanted, value);
}

/** @throws TypeError when `value` is not an array with `least` members or more */
export function requireArray(
  owner: string,
  option: string,
  value: unknown,
  wanted: string,
  least = 0,
): asserts value is readonly unknown[] {
  if (!isArray(value) || Number(readOption(owner, value, "length", option)) < least) {
    throw wrongType(owner, option, wanted, value);
  }
}

/** @throws TypeError when `value` is not an object with all of `methods` */
export function requireMethods(
  owner: string,
  option: string,
  value: unknown,
  wanted: string,
  methods: readonly string[],
): void {
  if (!methods.every((method) => hasMethod(value, method))) {
    throw wrongType(owner, option, `${wanted} (with ${methods.join(", ")})`, value);
  }
}

/**
 * For what a function of the user's answers: an `async` one answers with a promise, which is a value that is true, and a key of its own.
 *
 * @param wanted `"true or false"`
 * @throws TypeError when `answer` is a promise
 */
export function requireNoPromise(owner: string, option: string, wanted: string, answer: unknown): void {
  if (typeof answer !== "object" || answer === null || !hasMethod(answer, "then")) return;
  throw new TypeError(
    `${owner}: what ${option} returns must be ${wanted}, and not a promise of one; received ${show(answer)}`,
  );
}

/** @throws TypeError when `value` is not a service; for a function it names `serviceFn` */
export function requireService(owner: string, option: string, value: unknown): void {
  const wanted = typeof value === "function" ? "a service, as serviceFn makes of a function" : "a service";
  requireMethods(owner, option, value, wanted, ["tryReady", "ready", "call"]);
}

function hasMethod(value: unknown, method: string): boolean {
  try {
    return typeof (value as Record<string, unknown>)[method] === "function";
  } catch {
    // Null, undefined, or a getter that throws.
    return false;
  }
}

/**
 * One of a few strings.
 *
 * @throws TypeError when `value` is no string
 * @throws RangeError when it is another one
 */
export function requireOneOf<T extends string>(
  owner: string,
  option: string,
  value: unknown,
  allowed: readonly T[],
): T {
  const wanted = `one of ${allowed.map(show).join(", ")}`;
  if (typeof value !== "string") throw wrongType(owner, option, wanted, value);
  if (!(allowed as readonly string[]).includes(value)) {
    throw new RangeError(`${owner}: ${option} must be ${wanted}; received ${show(value)}`);
  }
  return value as T;
}

/** The clock that was given, or the system's. @throws TypeError when it is no clock */
export function requireClock(owner: string, clock: Clock | undefined): Clock {
  if (clock === undefined) return systemClock;
  requireMethods(owner, "clock", clock, "a clock", ["now", "setTimeout", "clearTimeout"]);
  const unref = readOption(owner, clock, "unref", "clock.unref");
  if (unref !== undefined) requireFunction(owner, "clock.unref", unref);
  return clock;
}
