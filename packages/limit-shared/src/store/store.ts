/**
 * What `sharedRateLimit` asks of a store: one token bucket for each key, shared by all members that name the key.
 *
 * A store is data and arithmetic. It keeps no queue and notifies no member: callers wait in their own process, and members ask again.
 *
 * **The bucket.** It holds at most `burst` tokens and gains one every `interval / limit`, in the server's time. Each token has a date: when
 * it is (or was) gained. Tokens are granted in the order of the questions, so the first to ask gets the earlier dates.
 */
export interface RateStore {
  /** Takes tokens, counts starts that had no token, and takes back unused tokens, in one atomic step. */
  take(key: string, ask: TakeAsk): Promise<TakeAnswer>;
}

/** One question of one member of a shared rate. */
export interface TakeAsk {
  /** Tokens that the bucket gains in `interval`: above 0. */
  readonly limit: number;
  /** The time in which the bucket gains `limit` tokens: ms, above 0. */
  readonly interval: number;
  /** The most tokens that the bucket holds: 1 or more, not always a whole number. */
  readonly burst: number;
  /** How many tokens are wanted: a whole number, 0 or more. With 0, only `debt` and `unused` are counted. */
  readonly count: number;
  /** How far in the future the last token may be dated: ms, 0 or more, finite. */
  readonly ahead: number;
  /** Starts without a token: a whole number, 0 or more. They are counted whatever the bucket holds. */
  readonly debt: number;
  /**
   * Tokens that are given back, each once: a whole number, 0 or more. The store takes back as many as the bucket had room for at every
   * moment since the stamp; the others are lost. Otherwise tokens that were held back would add up to a burst that the bucket would never
   * have allowed.
   */
  readonly unused: number;
  /** The `stamp` of the tokens that are given back; "" where `unused` is 0. */
  readonly stamp: string;
  /** The name of the member: a non-empty string, different for each member and for each start of a member. */
  readonly member: string;
  /**
   * Grows with each question of `member`: a whole number, 1 or more. Clients resend commands after a reconnect: a question whose number is
   * not above the last one changes nothing, and is granted nothing. A member that had no answer to a question with `debt` asks again with
   * its number, so that its starts are counted once.
   */
  readonly number: number;
  /** What a bucket holds that the store does not know: `burst` tokens, or none. */
  readonly fresh: "full" | "empty";
}

/** The answer to one question of one member of a shared rate. */
export interface TakeAnswer {
  /** How many tokens are granted: a whole number from 0 to `count`. Their dates are `interval / limit` apart. */
  readonly granted: number;
  /**
   * The date of the first granted token: ms from when the store answered. A negative one was gained that long ago, and is valid now. Where
   * no token was granted: the date of the next one.
   */
  readonly first: number;
  /** Names the period in which these tokens were granted. A token is given back with its stamp. */
  readonly stamp: string;
  /** How many members have asked lately, this one included; undefined where the store has not counted. */
  readonly members?: number | undefined;
  /**
   * The terms of the question before, where they differ. The bucket has gained by those terms until now, and gains by the terms of this
   * question from now on. Used tokens stay used.
   */
  readonly conflict?: Pick<TakeAsk, "limit" | "interval" | "burst"> | undefined;
}

/**
 * What `sharedConcurrencyLimit` asks of a store: how many slots of a key each member holds, and until when.
 *
 * **Leases.** A member holds its slots until `ttl` after its last question. The store never takes a slot away: a member lowers its own
 * maximum first and then reports it (`keep`), and the store only adds to that. So while a member asks at least every `ttl`, no slot that it
 * may still use counts as free.
 */
export interface SlotStore {
  /** Records what a member keeps and wants, and grants it more where slots are free, in one atomic step. */
  share(key: string, ask: ShareAsk): Promise<ShareAnswer>;
}

/** One question of one member of a shared concurrency limit. */
export interface ShareAsk {
  /**
   * The name of the member: a non-empty string, different for each member and for each start of a member. Names that are equal before the
   * first `#` hold their slots separately, and count as one of `members`.
   */
  readonly member: string;
  /** Grows with each question of `member`: a whole number, 1 or more. A question whose number is not above the last one changes nothing. */
  readonly number: number;
  /** How many slots the member keeps, in use or not: a whole number, 0 or more. It has already lowered its own maximum to this. */
  readonly keep: number;
  /** How many slots the member can use in all, `keep` included: a whole number, 0 or more. */
  readonly want: number;
  /** How long the lease of `keep`, and of what is added to it, lasts: ms, above 0. */
  readonly ttl: number;
  /** How many slots there are, over all members: a whole number, 0 or more. */
  readonly max: number;
}

/** The answer to one question of one member of a shared concurrency limit. */
export interface ShareAnswer {
  /** How many slots are granted beside `keep`: a whole number, 0 or more. */
  readonly more: number;
  /**
   * The fair level, rounded down: members that want less have what they want, and the others have equal shares (max-min fairness). It is 0
   * where more members want slots than there are slots.
   */
  readonly level: number;
  /**
   * How many slots the other members lack of what they want, up to the fair level; up to one each where the level is 0. Where more slots
   * are held than `max`, at least the excess. A member that holds more than `level` gives slots back while this is above 0.
   */
  readonly lacking: number;
  /** The part of `lacking` of members that have been short for longer than this one. They are served first where the level is 0. */
  readonly older: number;
  /** Grows with each grant: a fencing token. The resource can refuse a token smaller than the largest that it has seen. */
  readonly fence?: number | undefined;
  /** How many members have asked lately, this one included; undefined where the store has not counted. */
  readonly members?: number | undefined;
  /** The `max` of the question before, where it differs. Each question is answered by its own `max`. */
  readonly conflict?: Pick<ShareAsk, "max"> | undefined;
}

/**
 * A store for both shared limits. `memoryStore()` is one for a single process and for tests, `redisStore()` of `@sluice/limit-shared/redis`
 * is one for Redis and Valkey.
 *
 * **Failures.** A store that cannot answer rejects with its client's error. It needs no timeout: the limits wait for at most their
 * `timeout`, and do not use a later answer.
 *
 * **Loss.** A store may lose its state (a restart, an eviction). It then answers as if no member had asked before.
 */
export type Store = RateStore & SlotStore;
