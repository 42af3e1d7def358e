import { type Adds, type Gate, gate, type GateOptions, type Layer, type OverloadedError } from "@sluice/core";
import { readOptions, requireFunction } from "@sluice/core/kit";
import { Keyed, type KeyedGateOptions } from "./keyed-gate.ts";

/** Options of {@link keyed}. */
export type KeyedOptions<Req, Key, Err = never, G = Gate<Req, Err>> = KeyedGateOptions<Req, Key, Err, G> & {
  /**
   * Holds the lease past the response, until the promise that it returns settles: until a streamed body has ended. Called once for each
   * response of a key whose gate holds until the work has settled; undefined holds nothing. Default: no longer than the call.
   */
  readonly until?: GateOptions["until"];
};

/** The layer that {@link keyed} makes. One value has one gate for each key, for all the services that it wraps. */
export interface KeyedLayer<in out Req, in out Key, out Err = never, out G = Gate<Req, Err>> extends Layer<
  Adds<Err | OverloadedError, Req>
> {
  /** How many gates there are at most. */
  readonly maxKeys: number;
  /** How many keys have a gate. */
  readonly size: number;
  /** How many gates were forgotten, from the beginning. */
  readonly evicted: number;
  /** How many callers were refused because there was no place for their key, from the beginning. */
  readonly refused: number;
  /**
   * The gate of a key, with its counters; undefined where it has none. Does not count as a use, and makes none. What is set on it lasts as
   * long as that gate.
   */
  get(key: Key): (G & Gate<Req, Err>) | undefined;
}

const name = "keyed";

/**
 * A gate for each key: a limit for each user, a rate for each tenant, a breaker for each host. Gates are made when a key is first used,
 * and there are never more than `maxKeys`: the place of a key that was not used for longest, and whose gate is idle, is taken by the next.
 * A key whose gate holds anybody, lets anybody wait, or still limits, is never forgotten.
 *
 * A permit that is spent on a request of another key is exchanged: that key's gate is tried once. A blind reservation holds nothing, and
 * tries when it is spent. Both refuse with `OverloadedError`.
 *
 * @example
 * const perTenant = keyed({ key: (request: { tenant: string }) => request.tenant, gate: () => new Semaphore(4) });
 * const service = new ServiceBuilder().layer(perTenant).serviceFn(ask);
 * perTenant.size; // how many tenants have a gate
 * perTenant.get("ann")?.waiting; // the semaphore of one of them
 *
 * @throws TypeError | RangeError when an option is not in its range
 */
export function keyed<Req, Key, Err = never, G = Gate<Req, Err>>(
  options: KeyedOptions<Req, Key, Err, G>,
): KeyedLayer<Req, Key, Err, G> {
  const { until, ...rest } = readOptions(name, options, ["key", "gate", "maxKeys", "whenFull", "until", "label"]);
  if (until !== undefined) requireFunction(name, "until", until);
  const policy = new Keyed<Req, Key, Err, G>(rest as KeyedGateOptions<Req, Key, Err, G>, name);
  const { label, maxKeys } = policy;
  return {
    ...gate(policy, {
      name,
      until,
      label,
      traits: ["limits"],
      facts: { maxKeys, whenFull: rest.whenFull ?? "refuse" },
    }),
    maxKeys,
    get size() {
      return policy.size;
    },
    get evicted() {
      return policy.evicted;
    },
    get refused() {
      return policy.refused;
    },
    get: (key) => policy.get(key),
  };
}
