import { Semaphore } from "@sluice/core";
import { Keyed, keyed, type KeyedGateOptions, type KeyedOptions } from "@sluice/keyed";
import { aFunction, aName, count, type Every, oneOf, optional, type OptionTable } from "@sluice/test-kit";

const base = { key: (request: string) => request, gate: (): Semaphore => new Semaphore(1) };

const ranges = {
  key: aFunction,
  gate: aFunction,
  maxKeys: optional(count),
  whenFull: optional(oneOf("refuse", "share")),
  label: optional(aName),
} satisfies Every<KeyedGateOptions<string, string>>;

export const optionTable: OptionTable = {
  objects: [
    {
      of: "keyed",
      base,
      give: (options: KeyedOptions<string, string>) => keyed(options),
      ranges: { ...ranges, until: optional(aFunction) } satisfies Every<KeyedOptions<string, string>>,
    },
    { of: "Keyed", base, give: (options: KeyedGateOptions<string, string>) => new Keyed(options), ranges },
  ],
};
