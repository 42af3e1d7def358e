import type { Store } from "@sluice/limit-shared";
import { redisStore, type RedisStoreOptions } from "@sluice/limit-shared/redis";
import type { Redis } from "ioredis";
import { expectTypeOf } from "vitest";

declare const redis: Redis;

expectTypeOf(redisStore).parameter(0).toEqualTypeOf<RedisStoreOptions>();
expectTypeOf(redisStore({ send: ([name, ...args]) => redis.call(name, ...args) })).toEqualTypeOf<Store>();

// @ts-expect-error -- somebody has to send the commands
redisStore({});

// @ts-expect-error -- a send that answers with nothing forgot to return the promise
redisStore({ send: ([name, ...args]) => void redis.call(name, ...args) });

// @ts-expect-error -- a client is not a function that sends
redisStore({ send: redis });
