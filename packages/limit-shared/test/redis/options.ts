import { redisStore, type RedisStoreOptions } from "@sluice/limit-shared/redis";
import { aFunction, type Every, only, optional, type OptionTable } from "@sluice/test-kit";

export const redisTable: OptionTable = {
  entry: "redis",
  objects: [
    {
      of: "redisStore",
      base: { send: async () => [] },
      give: redisStore,
      ranges: {
        send: aFunction,
        prefix: optional(only(["sluice", "a b", "ü", "%"], ["", "{", "}", "a{b", "a}b", "{a}"])),
      } satisfies Every<RedisStoreOptions>,
    },
  ],
};
