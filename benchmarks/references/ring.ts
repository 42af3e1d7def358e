/** A ring buffer: joining and leaving at the ends move nothing, and it doubles when it is full. */
export class Ring<Item> {
  private items: (Item | undefined)[] = Array.from({ length: 16 });
  private head = 0;
  size = 0;

  push(item: Item): void {
    if (this.size === this.items.length) this.grow();
    this.items[(this.head + this.size) & (this.items.length - 1)] = item;
    this.size++;
  }

  shift(): Item | undefined {
    if (this.size === 0) return undefined;
    const item = this.items[this.head];
    this.items[this.head] = undefined;
    this.head = (this.head + 1) & (this.items.length - 1);
    this.size--;
    return item;
  }

  private grow(): void {
    const ordered = [...this.items.slice(this.head), ...this.items.slice(0, this.head)];
    ordered.length = this.items.length * 2;
    this.items = ordered;
    this.head = 0;
  }
}
