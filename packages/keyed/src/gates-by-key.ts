import type { Gate } from "@sluice/core";
import { LinkedList } from "@sluice/core/kit";
import { Entry } from "./entry.ts";

/** How many of the keys that were not used for longest are looked at, to find one that may be forgotten. */
const looks = 8;

/**
 * At most so many gates, one a key. A gate is forgotten for the sake of another key once it is idle, and never before. Finding, making
 * and forgetting take constant time: the list is in the order of use, and who is not idle goes to its end.
 */
export class GatesByKey<Key, Req, Err> {
  /** How many gates were forgotten. */
  evicted = 0;
  private readonly make: (key: Key) => Gate<Req, Err>;
  private readonly max: number;
  private readonly byKey: Map<Key, Entry<Key, Req, Err>> = new Map();
  private readonly byUse: LinkedList<Entry<Key, Req, Err>> = new LinkedList();

  constructor(max: number, make: (key: Key) => Gate<Req, Err>) {
    this.max = max;
    this.make = make;
  }

  get size(): number {
    return this.byKey.size;
  }

  /** The gate of a key, where there is one. Does not count as a use. */
  peek(key: Key): Gate<Req, Err> | undefined {
    return this.byKey.get(key)?.gate;
  }

  /** The gate of a key that has one. */
  use(key: Key): Entry<Key, Req, Err> | undefined {
    const known = this.byKey.get(key);
    if (known !== undefined) this.byUse.toEnd(known);
    return known;
  }

  /** A gate for a key that has none; undefined where there is no place for it. */
  enter(key: Key): Entry<Key, Req, Err> | undefined {
    if (!this.makePlace()) return undefined;
    const entry = new Entry<Key, Req, Err>(key, this.make(key));
    // Making it is the user's function, which may have used this key itself, or another and taken the place.
    const known = this.use(key);
    if (known !== undefined || !this.makePlace()) return known;
    this.byKey.set(key, entry);
    this.byUse.push(entry);
    return entry;
  }

  /** Whether there is a place for one more. */
  private makePlace(): boolean {
    if (this.byKey.size < this.max) return true;
    // Not twice at one: whoever is looked at goes to the end, and once round all are in order again.
    for (let look = Math.min(looks, this.byKey.size); look > 0; look--) {
      const first = this.byUse.first as Entry<Key, Req, Err>;
      if (first.gate.idle === true) {
        this.byUse.remove(first);
        this.byKey.delete(first.key as Key);
        this.evicted++;
        return true;
      }
      this.byUse.toEnd(first);
    }
    return false;
  }
}
