import { redisStore, type RedisStoreOptions } from "@sluice/limit-shared/redis";
import { aFunction, aName, type DocumentedRange, type Every, optional, type OptionTable } from "@sluice/test-kit";

const withoutBraces: DocumentedRange = {
  ...aName,
  edges: [...aName.edges, "ü %", "{", "a}", "{a}"],
  takes: (value) => typeof value === "string" && aName.takes(value) && !/[{}]/.test(value),
};

export const redisTable: OptionTable = {
  entry: "redis",
  objects: [
    {
      of: "redisStore",
      base: { send: async () => [] },
      give: redisStore,
      ranges: {
        send: aFunction,
        prefix: optional(withoutBraces),
      } satisfies Every<RedisStoreOptions>,
    },
  ],
};
