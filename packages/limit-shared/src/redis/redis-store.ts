import { readOptions, requireFunction, requireName } from "@sluice/core/kit";
import type { Store } from "../store/store.ts";
import type { Send } from "./script.ts";
import { share } from "./share.ts";
import { take } from "./take.ts";

const owner = "redisStore";

/** Options of {@link redisStore}. */
export interface RedisStoreOptions {
  /**
   * Sends one command, given as its name and its arguments, and returns the reply. {@link redisStore} has the line for each client. Switch
   * off the client's offline queue and its resending, where it has them: the limits have their own timeout and circuit breaker.
   */
  readonly send: Send;
  /** The prefix of all keys: a non-empty string without braces; default "sluice". The same key under two prefixes names two limits. */
  readonly prefix?: string | undefined;
}

/**
 * A store in Redis 7 or later, or Valkey: two atomic Lua scripts that use the server's time. It imports no client and holds no connection:
 * it needs only a function that sends a command. One store serves all limits of a process, on one server or a cluster, for all keys of a
 * limit have one hash tag. It runs scripts by EVALSHA, and by EVAL where the server does not know them.
 *
 * Keys are `<prefix>:{<key>}:bucket`, `:members` and `:slots`. All have a time to live, and expire only when their state no longer matters.
 *
 * It rejects with the error that `send` rejects with or throws, and with an `Error` where the reply is not the script's reply to this
 * question.
 *
 * @example
 * redisStore({ send: (args) => client.sendCommand(args) }); // node-redis
 * redisStore({ send: (args, key) => cluster.sendCommand(key, false, args) }); // its cluster
 * redisStore({ send: ([name, ...args]) => redis.call(name, ...args) }); // ioredis, iovalkey; their clusters
 * redisStore({ send: (args) => client.customCommand(args) }); // valkey-glide
 *
 * @throws TypeError when `send` is not a function, or `prefix` is not a non-empty string
 * @throws RangeError when `prefix` has braces
 */
export function redisStore(options: RedisStoreOptions): Store {
  const { send, prefix = "sluice" } = readOptions(owner, options, ["send", "prefix"]);
  requireFunction(owner, "send", send);
  requireName(owner, prefix, "prefix");
  if (/[{}]/.test(prefix)) {
    throw new RangeError(`${owner}: prefix must be without { and }; received ${JSON.stringify(prefix)}`);
  }
  const asked = send as Send;
  return {
    take: async (key, ask) => {
      requireName(owner, key, "key");
      return take(asked, prefix, key, ask);
    },
    share: async (key, ask) => {
      requireName(owner, key, "key");
      return share(asked, prefix, key, ask);
    },
  };
}
