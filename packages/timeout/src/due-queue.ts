import { LinkedList, LinkedNode } from "@sluice/core/internal";

/** Something with a time at which it is due. It must not change while it stands in a queue. */
export abstract class Due extends LinkedNode<Due> {
  /** In the clock's milliseconds. */
  due: number = Number.POSITIVE_INFINITY;
  /** In a heap, the first of those below this one; the others are its next ones. */
  child: Due | undefined = undefined;
}

/**
 * Which comes first? Where all have the same time to go, each newcomer is due last: a list is enough, and joining and leaving
 * take a few steps. Callers' deadlines come in any order; those that do not fit at the end of the list go to a heap, where
 * joining takes a few steps and leaving O(log n) on average.
 */
export class DueQueue {
  private readonly inOrder: LinkedList<Due> = new LinkedList();
  private readonly outOfOrder: PairingHeap = new PairingHeap();

  /** The one that is due first. */
  get first(): Due | undefined {
    const listed = this.inOrder.first;
    const { root } = this.outOfOrder;
    return root === undefined || (listed !== undefined && listed.due <= root.due) ? listed : root;
  }

  add(node: Due): void {
    const { last } = this.inOrder;
    if (last === undefined || last.due <= node.due) this.inOrder.push(node);
    else this.outOfOrder.add(node);
  }

  /** False when it does not stand here. */
  remove(node: Due): boolean {
    return this.inOrder.remove(node) || this.outOfOrder.remove(node);
  }
}

/**
 * Fredman, Sedgewick, Sleator and Tarjan, "The pairing heap: a new form of self-adjusting heap" (1986). Nodes carry their own
 * links: `child`, the siblings `previous` and `next`; `previous` of a first child is its parent.
 */
class PairingHeap {
  root: Due | undefined = undefined;

  add(node: Due): void {
    node.list = this;
    this.root = meld(this.root, node);
  }

  remove(node: Due): boolean {
    if (node.list !== this) return false;
    const below = meldAll(node.child);
    if (node === this.root) this.root = below;
    else {
      cut(node);
      this.root = meld(this.root, below);
    }
    node.list = undefined;
    node.child = undefined;
    return true;
  }
}

/** Takes a node that is not the root out of the heap, with all that is below it. */
function cut(node: Due): void {
  const { previous, next } = node;
  if (previous!.child === node) previous!.child = next;
  else previous!.next = next;
  if (next !== undefined) next.previous = previous;
  node.previous = undefined;
  node.next = undefined;
}

/** One heap of two: the root that is due later goes below the other. */
function meld(a: Due | undefined, b: Due | undefined): Due | undefined {
  if (a === undefined) return b;
  if (b === undefined) return a;
  const [above, below] = b.due < a.due ? [b, a] : [a, b];
  below.previous = above;
  below.next = above.child;
  if (above.child !== undefined) above.child.previous = below;
  above.child = below;
  return above;
}

/** One heap of siblings: in pairs from the left, then the pairs from the right, which is what keeps it shallow. */
function meldAll(first: Due | undefined): Due | undefined {
  let pairs: Due | undefined;
  let rest = first;
  while (rest !== undefined) {
    const a: Due = rest;
    const b: Due | undefined = a.next;
    rest = b?.next;
    const pair: Due = meld(alone(a), b && alone(b))!;
    pair.next = pairs;
    pairs = pair;
  }
  let all: Due | undefined;
  while (pairs !== undefined) {
    const { next }: Due = pairs;
    all = meld(all, alone(pairs));
    pairs = next;
  }
  return all;
}

function alone(node: Due): Due {
  node.previous = undefined;
  node.next = undefined;
  return node;
}
