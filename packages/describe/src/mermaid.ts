import { figuresOf, mostBranches } from "./figures.ts";
import type { StackDescription } from "./stack-description.ts";
import { type StackNode, titleOf } from "./stack-node.ts";

/** A description as a flowchart of Mermaid: https://mermaid.js.org/syntax/flowchart.html */
export function mermaidOf({ root, warnings }: Pick<StackDescription, "root" | "warnings">): string {
  const warned = [...new Set(warnings.map(({ at }) => at))];
  const drawn = linesOf(root);
  const shown = warned.filter((id) => drawn.some((line) => line.startsWith(`${id}[`)));
  const marks =
    shown.length > 0 ? ["classDef warned stroke:#c00,stroke-width:3px", `class ${shown.join(",")} warned`] : [];
  return ["flowchart TD", ...[...drawn, ...marks].map((line) => `  ${line}`)].join("\n");
}

function linesOf(node: StackNode): string[] {
  const { id, inner, branches = [] } = node;
  const words = [titleOf(node), figuresOf(node).join(", ")].filter((word) => word !== "");
  const lines = [`${id}["${words.map(escaped).join("<br>")}"]`];
  if (inner !== undefined) lines.push(`${id} --> ${inner.id}`, ...linesOf(inner));
  for (const { key, node: branch } of branches.slice(0, mostBranches)) {
    // It takes no empty label.
    lines.push(`${id} -->|"${escaped(key || '""')}"| ${branch.id}`, ...linesOf(branch));
  }
  const left = branches.length - mostBranches;
  if (left > 0) lines.push(`${id} --> ${id}_more["and ${left} more"]`);
  return lines;
}

/** Mermaid's own way to write a character by its number. What is left is known to be harmless. */
function escaped(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N} .,:;()/_+*=?!$@-]/gu, (character) =>
    /\s/u.test(character) ? " " : `#${character.codePointAt(0)};`,
  );
}
