/** What a limit counts, at the moment when it is asked. */
export interface Counters {
  /** Permits held: those that take up room. A concurrency limit's until its work has settled, a rate's until its call starts. */
  readonly active: number;
  /** Callers in line. */
  readonly waiting: number;
  /** How many more permits there are right now. */
  readonly available: number;
  /**
   * For how many milliseconds the longest held of the `active` permits has been held; 0 when none is. A concurrency limit reads the
   * clock for its holders only once `oldest` has been read: those from before count from that first look.
   */
  readonly oldest: number;
}

/** `layer` with the counters of its gate. */
export function withCounters<L extends object>(layer: L, gate: Counters): L & Counters {
  const counters: Counters = {
    get active() {
      return gate.active;
    },
    get waiting() {
      return gate.waiting;
    },
    get available() {
      return gate.available;
    },
    get oldest() {
      return gate.oldest;
    },
  };
  return Object.defineProperties(layer, Object.getOwnPropertyDescriptors(counters)) as L & Counters;
}
