import { LinkedList, LinkedNode } from "@sluice/core/kit";
import type { CacheStore } from "./cache-store.ts";

class Kept<Value> extends LinkedNode<Kept<Value>> {
  readonly key: unknown;
  value: Value;

  constructor(key: unknown, value: Value) {
    super();
    this.key = key;
    this.value = value;
  }
}

/**
 * The store by default: at most `max` entries; for one more, that which was not used for longest is dropped. A list besides the map: a map
 * whose first key is looked up and deleted again and again takes longer each time, until it is rebuilt.
 */
export class Recent<Value> implements CacheStore<Value> {
  private readonly max: number;
  private readonly byKey: Map<unknown, Kept<Value>> = new Map();
  private readonly byUse: LinkedList<Kept<Value>> = new LinkedList();

  constructor(max: number) {
    this.max = max;
  }

  get(key: unknown): Value | undefined {
    const kept = this.byKey.get(key);
    if (kept !== undefined) this.byUse.toEnd(kept);
    return kept?.value;
  }

  set(key: unknown, value: Value): void {
    const known = this.byKey.get(key);
    if (known !== undefined) {
      known.value = value;
      return;
    }
    if (this.byKey.size >= this.max) this.delete(this.byUse.first?.key);
    const kept = new Kept(key, value);
    this.byKey.set(key, kept);
    this.byUse.push(kept);
  }

  delete(key: unknown): void {
    const kept = this.byKey.get(key);
    if (kept === undefined) return;
    this.byKey.delete(key);
    this.byUse.remove(kept);
  }

  clear(): void {
    for (const key of this.byKey.keys()) this.delete(key);
  }
}
