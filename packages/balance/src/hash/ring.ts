import { readOptions, requireNumber } from "@sluice/core/kit";
import type { ConsistentHash, HashPlaces, Placed } from "../consistent-hash.ts";
import { hashOf } from "./hash-of.ts";
import { type KeyOptions, nameOf, requireKeyOptions } from "./key-options.ts";
import { walk } from "./walk.ts";

/** Options of {@link ring}. */
export interface RingOptions<in Req = any> extends KeyOptions<Req> {
  /**
   * How many points an endpoint of weight 1 has on the ring: a whole number from 1 to 10,000; default 160. Times the weight of an endpoint at
   * most 1,000,000.
   */
  readonly points?: number | undefined;
}

const owner = "ring";

/** How many points an endpoint may have: to compute and to sort more of them would block the process for seconds. */
const mostPoints = 1_000_000;

/**
 * Sends each key to the endpoint of the next point on a ring, on which each endpoint has many points. When an endpoint is deleted, its keys
 * are spread over the others, and no other key moves. Shares are less equal than with `maglev`. After Karger et al., "Consistent Hashing
 * and Random Trees" (STOC 1997).
 *
 * @example
 * const caches = balance({ endpoints, pick: ring({ key: (url: string) => url, boundedLoad: 1.25 }) });
 *
 * @throws TypeError | RangeError when an option is not in its range
 */
export function ring<Req>(options: RingOptions<Req>): ConsistentHash<Req> {
  const { points = 160, ...rest } = readOptions(owner, options, ["key", "boundedLoad", "points"]);
  requireNumber(owner, "points", points, { min: 1, max: 10_000, integer: true });
  return {
    name: owner,
    ...requireKeyOptions(owner, rest),
    check(endpoint) {
      nameOf(owner, endpoint);
      requireNumber(owner, "weight", endpoint.weight, { min: 0, above: true, max: mostPoints / points });
    },
    place: (endpoints) => new Ring(endpoints, points),
  };
}

class Ring implements HashPlaces {
  /** The positions of the points, in ascending order. */
  private readonly positions: Uint32Array;
  /** The index of the endpoint of each point. */
  private readonly owners: Int32Array;
  private readonly count: number;

  constructor(endpoints: readonly Placed[], points: number) {
    const all = endpoints.flatMap((endpoint, index) => pointsOf(endpoint, index, points));
    // Points at the same position are ordered by name, not by the order in which endpoints were added.
    all.sort((one, other) => one.position - other.position || (one.name < other.name ? -1 : 1));
    this.positions = Uint32Array.from(all, ({ position }) => position);
    this.owners = Int32Array.from(all, ({ index }) => index);
    this.count = endpoints.length;
  }

  find(key: string | number, accept: (index: number) => boolean): number {
    return walk(this.owners, this.after(hashOf(String(key), 0)), this.count, accept);
  }

  /** The first point at `position` or after it, around the ring. */
  private after(position: number): number {
    let low = 0;
    for (let high = this.positions.length; low < high;) {
      const middle = (low + high) >> 1;
      if (this.positions[middle]! < position) low = middle + 1;
      else high = middle;
    }
    return low % this.positions.length;
  }
}

function pointsOf(endpoint: Placed, index: number, points: number) {
  const name = nameOf(owner, endpoint);
  const count = Math.max(1, Math.round(points * endpoint.weight));
  return Array.from({ length: count }, (_, nth) => ({ position: hashOf(`${name}#${nth}`, 0), name, index }));
}
