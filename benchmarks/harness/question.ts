/** One way to do it. */
export interface Variant {
  readonly name: string;
  /** Sets it up, in a process of its own. The answer does it `count` times, and is kept when all of it is done. */
  readonly prepare: () => (count: number) => Promise<void>;
  /** How often in one round; default: so often that a round takes about 50 ms. */
  readonly count?: number;
}

/** What a file in questions/ exports as `question`. */
export interface Question {
  /** What is asked, in a line. */
  readonly title: string;
  /** What one figure is for: `"call"`. */
  readonly unit: string;
  /** The first is what the others are compared with, and so is the one that is called `reference`. */
  readonly variants: readonly Variant[];
  readonly reference?: string;
}

/** One call after the other, each when the one before has been answered. */
export function oneByOne(call: (request: number) => Promise<unknown>): (count: number) => Promise<void> {
  return async (count) => {
    for (let index = 0; index < count; index++) await call(index);
  };
}
