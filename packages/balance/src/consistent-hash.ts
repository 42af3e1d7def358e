/** The part of an endpoint from which a {@link ConsistentHash} computes its places. */
export interface Placed {
  readonly key: unknown;
  readonly weight: number;
}

/** Maps keys to the endpoints of one set. */
export interface HashPlaces {
  /**
   * The index of the first accepted endpoint for `key`; -1 where none is accepted. Each next candidate is the one that would be first
   * without those before it.
   */
  find(key: string | number, accept: (index: number) => boolean): number;
}

/** Sends all requests of one key to one endpoint. When endpoints are added or deleted, most keys keep their endpoint. */
export interface ConsistentHash<in Req = any> {
  /** Its name in `describe`. */
  readonly name: string;
  /**
   * The key of a request: a string or a number. Undefined: the request may go to any endpoint. It returns the same key for the same
   * request, and may be called several times. An error that it throws is a failure of readiness, or of the call where it runs there.
   */
  readonly key: (request: Req) => string | number | undefined;
  /** How many times its share of what is pending at all endpoints in use an endpoint may have: a number above 1. Undefined: no bound. */
  readonly boundedLoad?: number | undefined;
  /** Throws where an endpoint cannot have places; called when one is added, which then fails. Default: every endpoint can. */
  readonly check?: ((endpoint: Placed) => void) | undefined;
  /** The places of a set of endpoints. Called once for each set. */
  place(endpoints: readonly Placed[]): HashPlaces;
}
