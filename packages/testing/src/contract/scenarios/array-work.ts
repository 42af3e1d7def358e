type Method = (this: unknown[], ...args: any[]) => any;

/** How many elements a call of each method has read or moved, by its result, the previous length of the array, and its first argument. */
const costs: Readonly<Record<string, (result: any, length: number, first: any) => number>> = {
  indexOf: upTo,
  findIndex: upTo,
  lastIndexOf: (result, length) => length - result,
  findLastIndex: (result, length) => length - result,
  filter: all,
  map: all,
  forEach: all,
  sort: all,
  unshift: all,
  slice: (result: readonly unknown[]) => result.length,
  splice: (_result, length, start) => length - Math.min(start < 0 ? length + start : start, length),
};

function upTo(result: number, length: number): number {
  return result < 0 ? length : result + 1;
}

function all(_result: unknown, length: number): number {
  return length;
}

/**
 * Counts the elements that methods of arrays read or move, from `start` to `stop`. It does not see loops, or methods that may return early,
 * such as `some`.
 */
export class ArrayWork {
  /** The number of elements, by method. */
  readonly by: Map<string, number> = new Map();
  private readonly undo: (() => void)[] = [];

  start(): void {
    const { by } = this;
    const arrays = Array.prototype as object;
    for (const [name, cost] of Object.entries(costs)) {
      const before = Object.getOwnPropertyDescriptor(arrays, name);
      if (before === undefined) continue;
      const original = before.value as Method;
      const value: Method = function counted(...args) {
        const { length } = this;
        const result: unknown = Reflect.apply(original, this, args);
        by.set(name, (by.get(name) ?? 0) + cost(result, length, args[0]));
        return result;
      };
      Object.defineProperty(arrays, name, { ...before, value });
      this.undo.push(() => {
        Object.defineProperty(arrays, name, before);
      });
    }
  }

  stop(): void {
    for (const undo of this.undo.splice(0)) undo();
  }
}
