/** Something with a time at which it is due. Its links are those of the heap that it stands in. */
export interface Due<Node> {
  /** In the clock's milliseconds. Must not change while it stands in a heap. */
  readonly due: number;
  /** The one above it, or the one to its left among those below the same; undefined for the first, and who stands nowhere. */
  previous: Node | undefined;
  /** To its right. */
  next: Node | undefined;
  /** The first of those below it, none of which is due earlier. */
  below: Node | undefined;
}

/**
 * The entries by due time, earliest first: a pairing heap (Fredman, Sedgewick, Sleator and Tarjan, 1986). Joining takes a few steps. So does leaving where
 * all have the same time to go: who comes last is then due last and stands below the one who came before, which makes the heap a
 * list. Callers' deadlines come in any order; leaving then takes O(log n) steps on average.
 */
export class DueHeap<Node extends Due<Node>> {
  first: Node | undefined = undefined;
  /** The entry that joined last. */
  private last: Node | undefined = undefined;

  add(node: Node): void {
    const { last } = this;
    if (last !== undefined && last.due <= node.due) meld(last, node);
    else this.first = meld(this.first, node);
    this.last = node;
  }

  /** False when it does not stand here. */
  remove(node: Node): boolean {
    const { previous, next } = node;
    if (previous === undefined && node !== this.first) return false;
    if (node === this.last) this.last = previous;
    const rest = paired(node.below);
    if (previous === undefined) this.first = rest;
    else {
      // In its place, so that those that are due together stay in their order.
      const heir = rest ?? next;
      if (previous.below === node) previous.below = heir;
      else previous.next = heir;
      if (heir !== undefined) heir.previous = previous;
      if (rest !== undefined) rest.next = next;
      if (next !== undefined) next.previous = rest ?? previous;
    }
    node.previous = node.next = node.below = undefined;
    return true;
  }
}

/** The one of two that is due first, with the other below it. */
function meld<Node extends Due<Node>>(a: Node | undefined, b: Node | undefined): Node | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  if (b.due < a.due) return meld(b, a);
  b.next = a.below;
  if (b.next !== undefined) b.next.previous = b;
  b.previous = a;
  a.below = b;
  return a;
}

/** One heap of a row of them: melded in pairs from the left, and these from the right. */
function paired<Node extends Due<Node>>(row: Node | undefined): Node | undefined {
  let pairs: Node | undefined;
  for (let left = row; left !== undefined; left = row) {
    const right: Node | undefined = left.next;
    row = right?.next;
    const pair: Node = meld(right, left)!;
    pair.next = pairs;
    pairs = pair;
  }
  let whole: Node | undefined;
  for (let pair = pairs; pair !== undefined; pair = pairs) {
    pairs = pair.next;
    whole = meld(whole, pair);
  }
  if (whole !== undefined) whole.previous = whole.next = undefined;
  return whole;
}
