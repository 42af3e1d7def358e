import { oddNumbers, oddValues, untouchable } from "./odd-values.ts";

/** The documented range of an option. */
export interface DocumentedRange {
  /** Whether a value is in the range. */
  readonly takes: (value: unknown) => boolean;
  /** Values at the limits of the range, on both sides of each. */
  readonly edges: readonly unknown[];
  /** Whether the option may be left out. */
  readonly optional: boolean;
}

const { MAX_SAFE_INTEGER, POSITIVE_INFINITY } = Number;

/** The longest delay of a timer, in milliseconds. */
export const longest: number = 2 ** 31 - 1;

interface NumberRange {
  readonly min: number;
  readonly max?: number;
  /** Whole numbers only. */
  readonly whole?: boolean;
  /** Whether Infinity is allowed. */
  readonly infinity?: boolean;
  /** Whether it must be above `min`. */
  readonly above?: boolean;
}

/** The floating-point numbers next to `value`. */
function neighbours(value: number): readonly number[] {
  if (!Number.isFinite(value)) return [];
  const step = Math.max(Math.abs(value) * Number.EPSILON, Number.MIN_VALUE);
  return [value, value - 1, value + 1, value - 0.5, value + 0.5, value - step, value + step];
}

export function number({ min, max = POSITIVE_INFINITY, whole, infinity, above }: NumberRange): DocumentedRange {
  return {
    takes: (value) =>
      typeof value === "number" &&
      (value === POSITIVE_INFINITY ? infinity === true : Number.isFinite(value)) &&
      (above ? value > min : value >= min) &&
      value <= max &&
      (!whole || value === POSITIVE_INFINITY || Math.floor(value) === value),
    edges: [...neighbours(min), ...neighbours(max)],
    optional: false,
  };
}

/** Any number but NaN and the infinities. */
export const finite: DocumentedRange = number({ min: Number.NEGATIVE_INFINITY });

/** A time in milliseconds, above 0. */
export const span: DocumentedRange = number({ min: 0, max: longest, above: true });

/** A time in milliseconds, 0 or more. */
export const delay: DocumentedRange = number({ min: 0, max: longest });

/** How many at once: a whole number, 0 or more, or Infinity. */
export const slots: DocumentedRange = number({ min: 0, whole: true, infinity: true });

/** A whole number up to 2^53-1. */
export const count: DocumentedRange = number({ min: 1, max: MAX_SAFE_INTEGER, whole: true });

function named(edges: readonly unknown[], takes: (value: unknown) => boolean): DocumentedRange {
  return { takes, edges, optional: false };
}

export const aFunction: DocumentedRange = named([() => 1], (value) => typeof value === "function");

export const aBoolean: DocumentedRange = named([true, false], (value) => typeof value === "boolean");

export const aString: DocumentedRange = named(["", "x"], (value) => typeof value === "string");

export const aName: DocumentedRange = named(["", "x"], (value) => typeof value === "string" && value !== "");

export const anything: DocumentedRange = named([], () => true);

export const anObject: DocumentedRange = named(
  [{}],
  (value) => (typeof value === "object" && value !== null) || typeof value === "function",
);

/** An object whose members can be read. */
export const aRecord: DocumentedRange = named([{}, { max: 1 }], (value) => {
  try {
    return anObject.takes(value) && Object.entries(value as object).length >= 0;
  } catch {
    return false;
  }
});

export function oneOf(...allowed: readonly unknown[]): DocumentedRange {
  return named(allowed, (value) => allowed.includes(value));
}

/** Takes `good`. A value without one of `methods`, or with something else in its place, is refused. */
export function withMethods(good: object, ...methods: readonly string[]): DocumentedRange {
  const spoilt = methods.flatMap((method) => [
    without(good, method, { value: undefined }),
    without(good, method, { value: 5 }),
    without(good, method, {
      get: () => {
        throw new Error(`${method} is not to be read`);
      },
    }),
  ]);
  return named([good, ...spoilt], (value) => value === good);
}

/** What inherits from `good` and hides one of its members. */
function without(good: object, member: string, descriptor: PropertyDescriptor): object {
  return Object.create(good, { [member]: descriptor }) as object;
}

/** A clock, with all members that layers need. */
export const aClock: DocumentedRange = withMethods(
  { now: () => 0, setTimeout: () => 0, clearTimeout() {} },
  "now",
  "setTimeout",
  "clearTimeout",
);

/** `good`, and no other value. */
export function only(good: readonly unknown[], bad: readonly unknown[] = []): DocumentedRange {
  return named([...good, ...bad], (value) => good.includes(value));
}

/** An array of `least` or more. */
export function anArray(least: number): DocumentedRange {
  return named([[], [1], [1, 2]], (value) => isArray(value) && value.length >= least);
}

function isArray(value: unknown): value is unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

/** One or the other. */
export function either(a: DocumentedRange, b: DocumentedRange): DocumentedRange {
  return named([...a.edges, ...b.edges], (value) => a.takes(value) || b.takes(value));
}

/** May be left out. Null counts as a value. */
export function optional(range: DocumentedRange): DocumentedRange {
  return { ...range, takes: (value) => value === undefined || range.takes(value), optional: true };
}

/** All values that are tried for an option of this range. */
export function tried(range: DocumentedRange): readonly unknown[] {
  return [...oddNumbers, ...oddValues, ...range.edges, untouchable()];
}
