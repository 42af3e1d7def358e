/**
 * A store of shared limits in Redis or Valkey, over any client.
 *
 * @packageDocumentation
 */
export type { RedisStoreOptions } from "./redis-store.ts";
export { redisStore } from "./redis-store.ts";
export type { Send } from "./script.ts";
