/** Something that can stand in one {@link LinkedList} at a time. */
export abstract class LinkedNode<Node> {
  /** Where it stands; undefined when nowhere. */
  list: object | undefined = undefined;
  previous: Node | undefined = undefined;
  next: Node | undefined = undefined;
}

/** A list whose nodes carry their own links, so that any of them can leave in a few steps, whatever the length. */
export class LinkedList<Node extends LinkedNode<Node>> {
  first: Node | undefined = undefined;
  last: Node | undefined = undefined;
  size = 0;

  /** Puts a node at the end. It must stand nowhere. */
  push(node: Node): void {
    node.list = this;
    node.previous = this.last;
    if (this.last === undefined) this.first = node;
    else this.last.next = node;
    this.last = node;
    this.size++;
  }

  /** Moves a node that stands here to the end. */
  toEnd(node: Node): void {
    const { previous, next } = node;
    if (next === undefined) return;
    next.previous = previous;
    if (previous === undefined) this.first = next;
    else previous.next = next;
    node.previous = this.last;
    node.next = undefined;
    this.last!.next = node;
    this.last = node;
  }

  /** Takes a node out; false when it does not stand here. */
  remove(node: Node): boolean {
    if (node.list !== this) return false;
    const { previous, next } = node;
    if (previous === undefined) this.first = next;
    else previous.next = next;
    if (next === undefined) this.last = previous;
    else next.previous = previous;
    node.list = undefined;
    node.previous = undefined;
    node.next = undefined;
    this.size--;
    return true;
  }
}
