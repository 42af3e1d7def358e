/** The size at which expired values are first removed. */
const few = 1_024;

/**
 * A map whose values expire, each at its own time. Expired values are removed whenever the map has doubled since the last time, so setting
 * a value takes constant time on average.
 */
export class ForgetfulMap<Value> {
  private readonly entries = new Map<string, { readonly value: Value; readonly ends: number }>();
  private sweepAt = few;

  get size(): number {
    return this.entries.size;
  }

  get(key: string, now: number): Value | undefined {
    const entry = this.entries.get(key);
    return entry !== undefined && entry.ends > now ? entry.value : undefined;
  }

  set(key: string, value: Value, ends: number, now: number): void {
    this.entries.set(key, { value, ends });
    if (this.entries.size < this.sweepAt) return;
    for (const [name, entry] of this.entries) if (entry.ends <= now) this.entries.delete(name);
    this.sweepAt = Math.max(few, 2 * this.entries.size);
  }
}
