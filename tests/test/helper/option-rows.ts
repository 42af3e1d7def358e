import { everyOption, type OptionRow, type OptionsRow } from "@sluice/test-kit";

const tables = [...(await everyOption())];

/** Every function that takes an object of options, of every package: `"limit.rateLimit"`. */
export const optionObjects: readonly OptionsRow[] = tables.flatMap(([entry, { objects = [] }]) =>
  objects.map((row) => ({ ...row, of: `${entry}.${row.of}` })),
);

/** Every option of every public function. */
export const rows: readonly OptionRow[] = [
  ...tables.flatMap(([entry, { parameters = [] }]) => parameters.map((row) => ({ ...row, of: `${entry}.${row.of}` }))),
  ...optionObjects.flatMap(({ of, base, give, ranges, prefix = "" }) =>
    Object.entries(ranges).map(([option, range]) => ({
      of,
      option: prefix + option,
      range,
      give: (value: unknown) => give({ ...base, [option]: value } as never),
    })),
  ),
];

/** Exports that have no option that could be bad, and why. */
export const withoutOptions: Readonly<Record<string, string>> = Object.fromEntries(
  tables.flatMap(([entry, { without = {} }]) => Object.entries(without).map(([of, why]) => [`${entry}.${of}`, why])),
);

/** Type guards, which take any value. */
export const guards: readonly string[] = Object.entries(withoutOptions).flatMap(([of, why]) =>
  why === "answers for any value" ? [of] : [],
);

/** The entry points whose functions are in these tables. */
export const entries: readonly string[] = tables.map(([entry]) => entry);
