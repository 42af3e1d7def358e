import { readdirSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { oddNumbers, oddValues, type OptionRow, type OptionsRow, revoked, shown, tried } from "@sluice/test-kit";
import { entries, guards, optionObjects, rows, withoutOptions } from "./helper/option-rows.ts";

/** The error of a value; undefined where it is accepted. */
async function refusalOf(give: () => unknown): Promise<{ readonly error: unknown } | undefined> {
  try {
    await give();
  } catch (error) {
    return { error };
  }
  return undefined;
}

/** The fault in how a value of an option is handled; undefined where there is none. */
async function faultIn({ of, option, range, give }: OptionRow, value: unknown): Promise<string | undefined> {
  const refusal = await refusalOf(() => give(value as never));
  const received = describeValue(value);
  if (range.takes(value)) return refusal && `${option} ${received} was refused: ${describeValue(refusal.error)}`;
  if (refusal === undefined) return `${option} ${received} was taken`;
  return faultOf(refusal.error, [`${functionOf(of)}: `, option, shown(value)], `${option} ${received}`);
}

/** The fault of an error; undefined where it is a TypeError or a RangeError that contains all of `parts`. */
function faultOf(error: unknown, parts: readonly string[], what: string): string | undefined {
  if (!(error instanceof TypeError || error instanceof RangeError)) return `${what}: not ${describeValue(error)}`;
  const { message } = error;
  const said = [...parts, "received"].every((part) => message.includes(part));
  return said ? undefined : `${what}: "${message}" does not say it`;
}

function functionOf(of: string): string {
  return of.slice(of.indexOf(".") + 1);
}

function describeValue(value: unknown): string {
  if (typeof value !== "object" || value === null) return typeof value === "function" ? "a function" : String(value);
  try {
    return value instanceof Error ? `${value.name}: ${value.message}` : Object.prototype.toString.call(value);
  } catch {
    return "an untouchable";
  }
}

async function faultsIn(row: OptionRow, values: readonly unknown[]): Promise<readonly string[]> {
  const given = values.filter((value) => row.except?.(value) !== true);
  const faults = await Promise.all(given.map((value) => faultIn(row, value)));
  return faults.filter((fault) => fault !== undefined);
}

const titled = rows.map((row) => [`${row.of} ${row.option}`, row] as const);

describe("promise 14: a bad option is refused at once, by name", () => {
  test.each(titled)("%s, at every edge of its range and with every wrong type", async (_title, row) => {
    expect((await faultsIn(row, tried(row.range))).join("\n")).toBe("");
  });

  test.each(titled)("%s, with any number at all", async (_title, row) => {
    const anyNumber = fc.oneof(fc.double(), fc.integer(), fc.float(), fc.maxSafeInteger());
    await fc.assert(
      fc.asyncProperty(fc.array(anyNumber, { minLength: 20, maxLength: 20 }), async (values) => {
        expect(await faultsIn(row, values)).toEqual([]);
      }),
      { numRuns: 5 },
    );
  });
});

const objects = optionObjects.map((row) => [row.of, row] as const);
const members = optionObjects.flatMap((row) =>
  Object.entries(row.ranges).map(([option, range]) => [row.of, option, row, range] as const),
);

function withGetter({ base }: OptionsRow, option: string, get: () => unknown): object {
  return Object.defineProperty({ ...base }, option, { get, enumerable: true });
}

/** Objects of options; policies, loggers and layers may have further members. */
const optionObjectsAlone = objects.filter(([, { prefix }]) => prefix === undefined);

describe("promise 14: an option that nobody knows", () => {
  test.each(optionObjectsAlone)("is a TypeError of %s that names it and the nearest that there is", async (of, row) => {
    // A name of one letter has no similar name.
    for (const option of Object.keys(row.ranges).filter(({ length }) => length > 1)) {
      // A doubled letter.
      const misspelt = `${option}${option.at(-1)}`;
      for (const value of [1, undefined]) {
        const refusal = await refusalOf(() => row.give({ ...row.base, [misspelt]: value } as never));
        expect(refusal?.error).toBeInstanceOf(TypeError);
        expect(String(refusal?.error)).toBe(
          `TypeError: ${functionOf(of)}: ${misspelt} is not an option; did you mean ${option}?`,
        );
      }
    }
  });

  test.each(optionObjectsAlone)("may be a symbol, or inherited, where %s is asked", async (_of, row) => {
    const options = Object.assign(Object.create({ mine: 1 }) as object, row.base, { [Symbol("mine")]: 1 });
    expect(await refusalOf(() => row.give(options as never))).toBeUndefined();
  });
});

describe("promise 14: options that cannot be read", () => {
  test.each(objects)("%s refuses what is no object of options", async (of, row) => {
    const {
      give,
      ranges,
      prefix,
      instead,
      mayBeLeftOut = Object.values(ranges).every(({ optional }) => optional),
    } = row;
    const faults: (string | undefined)[] = [];
    for (const value of [...oddNumbers, ...oddValues.filter(isNoObject)]) {
      if (instead?.range.takes(value)) continue;
      const refusal = await refusalOf(() => give(value as never));
      const what = `options ${describeValue(value)}`;
      if (value === undefined && mayBeLeftOut) faults.push(refusal && `${what} was refused`);
      else if (refusal === undefined) faults.push(`${what} was taken`);
      // Without options it may name the first required one.
      else if (value === undefined) faults.push(faultOf(refusal.error, [`${functionOf(of)}: `, "undefined"], what));
      else {
        const named = prefix === undefined ? "options" : prefix.slice(0, -1);
        const called = instead !== undefined && typeof value !== "object" ? instead.option : named;
        faults.push(faultOf(refusal.error, [`${functionOf(of)}: ${called}`, shown(value)], what));
      }
    }
    expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
  });

  test.each(objects)("%s refuses a revoked proxy of its options", async (of, { give }) => {
    const refusal = await refusalOf(() => give(revoked() as never));
    expect(faultOf(refusal?.error, [`${functionOf(of)}: `], "revoked")).toBeUndefined();
  });

  test.each(members)("%s refuses a getter of %s that throws", async (of, option, row) => {
    const options = withGetter(row, option, () => {
      throw new Error("not to be read");
    });
    const refusal = await refusalOf(() => row.give(options as never));
    expect(faultOf(refusal?.error, [`${functionOf(of)}: `, option], "a getter")).toBeUndefined();
  });

  test.each(members)("%s goes without %s where it may be left out", async (of, option, row, range) => {
    const { [option]: _left, ...rest } = row.base as Record<string, unknown>;
    const refusal = await refusalOf(() => row.give(rest as never));
    const fault = range.optional ? refusal : faultOf(refusal?.error, [functionOf(of), option, "undefined"], option);
    expect(fault).toBeUndefined();
  });
});

/** Except functions: a logger or a policy may be one. */
function isNoObject(value: unknown): boolean {
  if (typeof value === "function") return false;
  try {
    return typeof value !== "object" || value === null || Array.isArray(value);
  } catch {
    return false;
  }
}

/** All exports of every package, by package and name. */
async function exported(): Promise<ReadonlyMap<string, unknown>> {
  const all = new Map<string, unknown>();
  for (const entry of new Set([...readdirSync(join(import.meta.dirname, "../../packages")), ...entries])) {
    const module = (await import(`@sluice/${entry}`)) as Record<string, unknown>;
    for (const [key, value] of Object.entries(module)) all.set(`${entry}.${key}`, value);
  }
  return all;
}

describe("the table of options", () => {
  test("has every function and class of every package, or says why not", async () => {
    const functions = [...(await exported())].flatMap(([of, value]) => (typeof value === "function" ? [of] : []));
    const known = new Set([...rows.map(({ of }) => of), ...Object.keys(withoutOptions)]);
    expect([...known].sort()).toEqual(functions.sort());
  });

  test.each(guards)("%s answers false for anything else, and never throws", async (of) => {
    const guard = (await exported()).get(of) as (value: unknown) => unknown;
    for (const value of [...oddNumbers, ...oddValues]) expect(guard(value)).toBe(false);
  });
});
