/** Something with a time at which it is due, which must not change while it stands in a heap. */
export abstract class Due {
  /** In the clock's milliseconds. */
  due: number = Number.POSITIVE_INFINITY;
  /** When it joined: among those due together the first is the first. */
  order = 0;
  /** Where it stands. */
  index = 0;
}

/**
 * Who is due first? A binary heap whose nodes know where they stand, so that any of them can leave: O(log n) at worst, and one
 * comparison for a newcomer who is due last, which it is where all have the same time to go. Callers' deadlines come in any
 * order, and a list would have to be searched.
 */
export class DueHeap {
  private readonly nodes: Due[] = [];
  private joined = 0;

  get first(): Due | undefined {
    return this.nodes[0];
  }

  add(node: Due): void {
    node.order = this.joined++;
    this.nodes.push(node);
    this.place(node, this.nodes.length - 1);
  }

  /** False when it does not stand here. */
  remove(node: Due): boolean {
    if (this.nodes[node.index] !== node) return false;
    const last = this.nodes.pop()!;
    if (last !== node) this.place(last, node.index);
    return true;
  }

  /** Puts `node` at `index`, or above or below: those in its way make room. */
  private place(node: Due, index: number): void {
    const { nodes } = this;
    let at = index;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(node, nodes[above]!)) break;
      this.put(nodes[above]!, at);
      at = above;
    }
    for (;;) {
      let below = 2 * at + 1;
      if (below + 1 < nodes.length && isBefore(nodes[below + 1]!, nodes[below]!)) below++;
      if (below >= nodes.length || !isBefore(nodes[below]!, node)) break;
      this.put(nodes[below]!, at);
      at = below;
    }
    this.put(node, at);
  }

  private put(node: Due, index: number): void {
    this.nodes[index] = node;
    node.index = index;
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}
