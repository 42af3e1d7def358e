/** An endpoint, as far as it has a place: see {@link ConsistentHash}. */
export interface Placed {
  readonly key: unknown;
  readonly weight: number;
}

/** Which endpoint is for which key, for one set of endpoints. */
export interface HashPlaces {
  /**
   * The first endpoint for `key` that is accepted, as its index in the set: the next ones are those that would be first if those before
   * were not there. -1 where none is accepted.
   */
  find(key: string | number, accept: (index: number) => boolean): number;
}

/** A way to send requests of one key to one endpoint, which stays the same for most keys when endpoints come and go. */
export interface ConsistentHash<in Req = any> {
  /** What `describe` calls it. */
  readonly name: string;
  /**
   * What a request goes by: a string or a number. Undefined: it may go anywhere. It answers the same for the same request, and may be asked
   * several times. What it throws is a failure of readiness, or of the call where it runs there.
   */
  readonly key: (request: Req) => string | number | undefined;
  /** No endpoint has more than so many times its share of what is pending: a number above 1. Undefined: no bound. */
  readonly boundedLoad?: number | undefined;
  /** The places of a set of endpoints. Asked once for each set. */
  place(endpoints: readonly Placed[]): HashPlaces;
}
