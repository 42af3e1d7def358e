/**
 * What `sharedRateLimit` asks of a store: one token bucket for each key, shared by all members that name the key.
 *
 * A store is data and arithmetic. It keeps no queue and pushes nothing: members wait in their own process, and ask again.
 *
 * **The bucket.** It holds at most `burst` tokens and gains one every `interval / limit`. It is kept by counting starts since it
 * was last full, in the server's own time. Each token has a date: when it is (or was) gained. Tokens are given in the order of the
 * questions, so that who asked first has the earlier date.
 */
export interface RateStore {
  /** Takes tokens, posts starts that had no token, and returns tokens that were not used, in one step that nothing interrupts. */
  take(key: string, ask: TakeAsk): Promise<TakeAnswer>;
}

/** One question of one member of a shared rate. */
export interface TakeAsk {
  /** Tokens that the bucket gains in `interval`: above 0. */
  readonly limit: number;
  /** ms, above 0. */
  readonly interval: number;
  /** The most tokens that the bucket holds: 1 or more, not always a whole number. */
  readonly burst: number;
  /** How many tokens are wanted: a whole number, 0 or more. With 0, `debt` and `unused` are posted and nothing is taken. */
  readonly count: number;
  /** How far in the future the last token may be dated: ms, 0 or more, finite. */
  readonly ahead: number;
  /** Starts that were made without a token: a whole number, 0 or more. They are counted whatever the bucket holds. */
  readonly debt: number;
  /**
   * Tokens that are given back: a whole number, 0 or more, each once. The store takes back as many as the bucket had room for all the
   * while; the others are lost, for tokens that were kept back must not add up to a burst that the bucket would never have allowed.
   */
  readonly unused: number;
  /** The `stamp` that came with the tokens that are given back; "" where `unused` is 0. */
  readonly stamp: string;
  /** Who asks: a non-empty string, different for each member and each life of a member. */
  readonly member: string;
  /**
   * Grows with each question of `member`: a whole number, 1 or more. Clients send commands again after they have connected anew; a question
   * whose number is not above the last one is not answered twice: it changes nothing, and is granted nothing.
   */
  readonly number: number;
  /** What a bucket holds that the store does not know: all it can, or nothing. */
  readonly fresh: "full" | "empty";
}

/** The answer to one question of one member of a shared rate. */
export interface TakeAnswer {
  /** How many tokens the member has now: a whole number from 0 to `count`. Their dates are `interval / limit` apart. */
  readonly granted: number;
  /**
   * When the first of them is good: ms from when the store answered. Below 0 it was gained that long ago, and is good now; the second is good
   * `interval / limit` after it. Where nothing was granted: when the next token would be.
   */
  readonly first: number;
  /** Names the time in which these tokens were granted. A token is returned with the stamp that it came with. */
  readonly stamp: string;
  /** How many members have asked lately, this one included; undefined where the store has not counted. */
  readonly members?: number | undefined;
  /**
   * What the member that asked before said, where this one says something else. The bucket has gained by those terms until now, and gains by
   * the terms of this question from now on. Tokens that have been used stay used.
   */
  readonly conflict?: Pick<TakeAsk, "limit" | "interval" | "burst"> | undefined;
}

/**
 * What `sharedConcurrencyLimit` asks of a store: who holds how many slots of a key, and until when.
 *
 * **Leases.** What a member holds is its own until `ttl` after its last question. The store never takes a slot away: a member lowers its
 * own maximum first and says so afterwards (`keep`), and the store only adds to that. So a slot is never counted as free while a member
 * that is heard of within `ttl` may still use it.
 */
export interface SlotStore {
  /** Says what a member keeps and wants, and is given more where there is more, in one step that nothing interrupts. */
  share(key: string, ask: ShareAsk): Promise<ShareAnswer>;
}

/** One question of one member of a shared concurrency limit. */
export interface ShareAsk {
  /**
   * Who asks: a non-empty string, different for each member and each life of a member. Those whose names are alike before the first `#` hold slots
   * each for itself, and count as one of `members`.
   */
  readonly member: string;
  /** Grows with each question of `member`: a whole number, 1 or more. A question whose number is not above the last one changes nothing. */
  readonly number: number;
  /** How many slots the member keeps, in use or not: a whole number, 0 or more. It has lowered its own maximum to that already. */
  readonly keep: number;
  /** How many slots the member could use in all, those in `keep` included: a whole number, 0 or more. */
  readonly want: number;
  /** For how long `keep`, and what is added to it, is good: ms, above 0. */
  readonly ttl: number;
  /** Slots there are, over all members: a whole number, 0 or more. */
  readonly max: number;
}

/** The answer to one question of one member of a shared concurrency limit. */
export interface ShareAnswer {
  /** How many slots the member may have beside `keep`: a whole number, 0 or more. */
  readonly more: number;
  /**
   * The fair level: the most that each member may have so that all who want less have what they want, and the others equally much
   * (max-min fairness), rounded down. It is 0 where there are more members that want slots than there are slots.
   */
  readonly level: number;
  /**
   * How many slots the others are short of: of what they want, up to the fair level; of one, where the level is 0. Where more is held than
   * there is, at least the excess. Who holds more than `level` gives back while this is above 0.
   */
  readonly lacking: number;
  /** The part of `lacking` that belongs to members which have been short for longer than this one: they are served first where the level is 0. */
  readonly older: number;
  /** Grows with each question that is given more: a fencing token for the resource, which refuses a smaller one than it has seen. */
  readonly fence?: number | undefined;
  /** How many members have asked lately, this one included; undefined where the store has not counted. */
  readonly members?: number | undefined;
  /** What the member that asked before said, where this one says something else. Each question is answered by its own `max`. */
  readonly conflict?: Pick<ShareAsk, "max"> | undefined;
}

/**
 * Where the members of shared limits meet: {@link RateStore} and {@link SlotStore} in one. `memoryStore()` is one for a single process and
 * for tests, `redisStore()` of `@sluice/limit-shared/redis` one for Redis and Valkey.
 *
 * **Failures.** A store that cannot answer rejects, with whatever its client said. It need not give up by itself: the limits wait for
 * no longer than their `timeout`, and use no answer that comes later.
 *
 * **Loss.** A store may forget what it knows (a restart, an eviction). It then answers as if nobody had asked before.
 */
export type Store = RateStore & SlotStore;
