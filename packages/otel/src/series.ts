import type { Attributes } from "./metric-data.ts";

/** The values of one metric by their attributes. Equal attributes are one series, in whatever order they are written. */
export class Series<Value> {
  private readonly byAttributes = new Map<string, { readonly attributes: Attributes; value: Value }>();
  private readonly together: (value: Value, more: Value) => Value;

  /** @param together what two values with equal attributes are as one */
  constructor(together: (value: Value, more: Value) => Value) {
    this.together = together;
  }

  add(attributes: Attributes, value: Value): void {
    const key = keyOf(attributes);
    const known = this.byAttributes.get(key);
    if (known === undefined) this.byAttributes.set(key, { attributes, value });
    else known.value = this.together(known.value, value);
  }

  has(attributes: Attributes): boolean {
    return this.byAttributes.has(keyOf(attributes));
  }

  get size(): number {
    return this.byAttributes.size;
  }

  /** One for each set of attributes, in the order in which they were first added. */
  points(): Iterable<{ readonly attributes: Attributes; readonly value: Value }> {
    return this.byAttributes.values();
  }
}

function keyOf(attributes: Attributes): string {
  return JSON.stringify(Object.entries(attributes).sort(byName));
}

function byName([one]: readonly [string, string], [other]: readonly [string, string]): number {
  return one < other ? -1 : 1;
}
