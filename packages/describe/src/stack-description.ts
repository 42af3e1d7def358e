import { jsonOf } from "./json.ts";
import { mermaidOf } from "./mermaid.ts";
import type { StackNode } from "./stack-node.ts";
import type { StackWarning } from "./stack-warning.ts";
import { textOf } from "./text.ts";

/** What a service is made of, and what is to be said of its order. */
export interface StackDescription {
  /** The outermost layer. */
  readonly root: StackNode;
  /** The outermost first. */
  readonly warnings: readonly StackWarning[];
  /** For people: a line for each layer, the outermost first, and the warnings. */
  toString(): string;
  /** For programs: plain values, which `JSON.stringify` takes as they are. A number that JSON does not have is text: `"Infinity"`. */
  toJSON(): { readonly root: object; readonly warnings: readonly object[] };
  /** A flowchart in the language of Mermaid (https://mermaid.js.org): GitHub, and most of what shows Markdown, draws it. */
  toMermaid(): string;
}

export class Description implements StackDescription {
  readonly root: StackNode;
  readonly warnings: readonly StackWarning[];

  constructor(root: StackNode, warnings: readonly StackWarning[]) {
    this.root = root;
    this.warnings = warnings;
  }

  toString(): string {
    return textOf(this);
  }

  toJSON(): { readonly root: object; readonly warnings: readonly object[] } {
    return jsonOf(this);
  }

  toMermaid(): string {
    return mermaidOf(this);
  }
}
