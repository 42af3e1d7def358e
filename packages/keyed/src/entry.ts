import type { Gate } from "@sluice/core";
import { LinkedNode } from "@sluice/core/kit";

/** A key's gate, in the order in which keys were used. */
export class Entry<Key, Req, Err> extends LinkedNode<Entry<Key, Req, Err>> {
  readonly key: Key | undefined;
  readonly gate: Gate<Req, Err>;

  constructor(key: Key | undefined, gate: Gate<Req, Err>) {
    super();
    this.key = key;
    this.gate = gate;
  }
}
