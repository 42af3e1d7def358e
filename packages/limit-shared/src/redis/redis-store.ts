import { readOptions, requireFunction, requireName } from "@sluice/core/kit";
import type { Store } from "../store/store.ts";
import type { Send } from "./script.ts";
import { share } from "./share.ts";
import { take } from "./take.ts";

const owner = "redisStore";

/** Options of {@link redisStore}. */
export interface RedisStoreOptions {
  /**
   * Sends one command, given as its name and its arguments, and answers with the reply: one line for each client, see {@link redisStore}. Switch the
   * client's offline queue off and its resending too, where it has them: the limits have a time-out and a circuit of their own.
   */
  readonly send: Send;
  /** What all keys begin with: a non-empty string without braces; default "sluice". Limits of one key under two prefixes are two limits. */
  readonly prefix?: string | undefined;
}

/**
 * A store in Redis 7 or later, or Valkey: two Lua scripts, each atomic, in the server's own time. It imports no client and holds no connection:
 * the function that sends a command is all it needs. One store serves all limits of a process, on one server or a cluster: all keys of a limit have one
 * hash tag. Scripts are run by EVALSHA, and sent whole where the server does not know them.
 *
 * Keys are `<prefix>:{<key>}:bucket`, `:members` and `:slots`. All have a time to live: they are gone once nothing is lost by it.
 *
 * It rejects with what `send` rejects with or throws, and with an `Error` where the reply is not the script's reply to this very question.
 *
 * @example
 * redisStore({ send: (args) => client.sendCommand(args) }); // node-redis
 * redisStore({ send: (args, key) => cluster.sendCommand(key, false, args) }); // its cluster
 * redisStore({ send: ([name, ...args]) => redis.call(name, ...args) }); // ioredis, iovalkey; their clusters
 * redisStore({ send: (args) => client.customCommand(args) }); // valkey-glide
 *
 * @throws TypeError when `send` is no function, or `prefix` no string with something in it
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
