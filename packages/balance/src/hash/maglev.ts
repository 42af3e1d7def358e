import { readOptions, requireNumber, show } from "@sluice/core/kit";
import type { ConsistentHash, HashPlaces, Placed } from "../consistent-hash.ts";
import { hashOf } from "./hash-of.ts";
import { type KeyOptions, nameOf, requireKeyOptions } from "./key-options.ts";
import { walk } from "./walk.ts";

/** Options of {@link maglev}. */
export interface MaglevOptions<in Req = any> extends KeyOptions<Req> {
  /** How many entries the table has: a prime number from 3 to 5,000,011; choose more than 100 for each endpoint. Default 65,537. */
  readonly size?: number | undefined;
}

const owner = "maglev";

/**
 * Sends each key to one endpoint, by a table in which endpoints of equal weight have the same number of entries, give or take 1. When an
 * endpoint is deleted, its keys are spread over the others, and hardly any other key moves. After Eisenbud et al., "Maglev: A Fast and
 * Reliable Software Network Load Balancer" (NSDI 2016).
 *
 * @example
 * const sharded = balance({ endpoints, pick: maglev({ key: (request: { user: string }) => request.user }) });
 *
 * @throws TypeError | RangeError when an option is not in its range
 */
export function maglev<Req>(options: MaglevOptions<Req>): ConsistentHash<Req> {
  const { size = 65_537, ...rest } = readOptions(owner, options, ["key", "boundedLoad", "size"]);
  requireNumber(owner, "size", size, { min: 3, max: 5_000_011, integer: true });
  if (!isPrime(size)) throw new RangeError(`${owner}: size must be a prime number; received ${show(size)}`);
  return {
    name: owner,
    ...requireKeyOptions(owner, rest),
    check: (endpoint) => void nameOf(owner, endpoint),
    place: (endpoints) => new MaglevTable(endpoints, size),
  };
}

class MaglevTable implements HashPlaces {
  private readonly entries: Int32Array;
  private readonly count: number;

  constructor(endpoints: readonly Placed[], size: number) {
    this.count = endpoints.length;
    this.entries = entriesOf(endpoints, size);
  }

  find(key: string | number, accept: (index: number) => boolean): number {
    const { entries, count } = this;
    return walk(entries, hashOf(String(key), 0) % entries.length, count, accept);
  }
}

/** In turn, each endpoint takes the first free entry in its own permutation of the entries. Endpoints with less weight skip turns. */
function entriesOf(endpoints: readonly Placed[], size: number): Int32Array {
  const entries = new Int32Array(size).fill(-1);
  const names = endpoints.map((endpoint) => nameOf(owner, endpoint));
  const heaviest = Math.max(...endpoints.map(({ weight }) => weight));
  const orders = names.map((name) => ({
    next: hashOf(name, 1) % size,
    step: (hashOf(name, 2) % (size - 1)) + 1,
    turns: 0,
  }));
  for (let filled = 0; filled < size;) {
    for (const [index, order] of orders.entries()) {
      order.turns += endpoints[index]!.weight / heaviest;
      if (order.turns < 1) continue;
      order.turns -= 1;
      while (entries[order.next] !== -1) order.next = (order.next + order.step) % size;
      entries[order.next] = index;
      if (++filled === size) break;
    }
  }
  return entries;
}

function isPrime(number: number): boolean {
  for (let divisor = 2; divisor * divisor <= number; divisor++) if (number % divisor === 0) return false;
  return true;
}
