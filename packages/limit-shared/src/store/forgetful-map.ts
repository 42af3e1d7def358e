/** How many values are kept before those that have ended are looked for at all. */
const few = 1_024;

/**
 * Values that are forgotten at a time of their own. What has ended is swept whenever as much again has come as was left: each value is looked at
 * once on average.
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
