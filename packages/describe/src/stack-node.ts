import type { Trait } from "@sluice/core";

/** One layer, or one service, of a stack. */
export interface StackNode {
  /** Which node it is, the same each time for one service: `"n"` is the outermost, `"ni"` what is inside it, `"ni_0"` the first branch of that. */
  readonly id: string;
  /** The name of the function that makes it: `"concurrencyLimit"`; `"service"` for a service of which nothing is known. */
  readonly layer: string;
  /** What tells it apart from others of its name, where it has a label. Of a function it is the function's name. */
  readonly label?: string | undefined;
  /** What it is, in the words that layers say of themselves: `"limits"`, `"repeats"`, … */
  readonly traits: readonly Trait[];
  /** What it was made with: `{ max: 64 }`. Times in milliseconds. */
  readonly facts: Readonly<Record<string, string | number | boolean | undefined>>;
  /** What it counts, at this moment. */
  readonly numbers: Readonly<Record<string, number>>;
  /** What is inside it, where that is one service. */
  readonly inner?: StackNode | undefined;
  /** What is inside it, where these are several, each with its key. */
  readonly branches?: readonly { readonly key: string; readonly node: StackNode }[] | undefined;
}

/** What a node is called in a sentence: `concurrencyLimit (db)`. */
export function titleOf({ layer, label }: Pick<StackNode, "layer" | "label">): string {
  return label === undefined ? layer : `${layer} (${label})`;
}
