import { figuresOf, mostBranches } from "./figures.ts";
import { type StackNode, titleOf } from "./stack-node.ts";
import type { StackDescription } from "./stack-description.ts";

/** A line: what is drawn in front, the node's title, its figures, and the rules that it breaks. */
interface Line {
  readonly title: string;
  readonly figures: string;
  readonly marks: string;
}

/** Longer titles push their figures to the right. */
const widest = 48;

/** A description as text. */
export function textOf({ root, warnings }: Pick<StackDescription, "root" | "warnings">): string {
  const lines = linesOf(root, "", warnings);
  const width = Math.min(widest, Math.max(...lines.map(({ title }) => title.length)));
  const drawn = lines.map(({ title, figures, marks }) =>
    [title.padEnd(figures === "" && marks === "" ? 0 : width), figures, marks].filter((part) => part !== "").join("  "),
  );
  const said = warnings.map(({ rule, message, see }) => `! ${rule}: ${oneLine(message)} See ${see}`);
  return [...drawn, ...(said.length > 0 ? ["", ...said] : [])].join("\n");
}

function linesOf(node: StackNode, indent: string, warnings: StackDescription["warnings"]): Line[] {
  const own = warnings.filter(({ at }) => at === node.id);
  const marks = own.map(({ rule }) => `! ${rule}`).join(" ");
  const line = { title: oneLine(`${indent}${titleOf(node)}`), figures: oneLine(figuresOf(node).join(", ")), marks };
  const inner = node.inner === undefined ? [] : linesOf(node.inner, indent, warnings);
  const { branches = [] } = node;
  const drawn = branches.slice(0, mostBranches);
  const left = branches.length - drawn.length;
  const inside = drawn.flatMap(({ key, node: branch }, index) => {
    const last = index === branches.length - 1;
    const head = { title: oneLine(`${indent}${last ? "└" : "├"}─ ${JSON.stringify(key)}`), figures: "", marks: "" };
    return [head, ...linesOf(branch, `${indent}${last ? " " : "│"}  `, warnings)];
  });
  const more = left > 0 ? [{ title: `${indent}└─ and ${left} more`, figures: "", marks: "" }] : [];
  return [line, ...inner, ...inside, ...more];
}

/** A label may have anything in it. */
function oneLine(text: string): string {
  // oxlint-disable-next-line no-control-regex -- that is what must not come into a terminal
  return text.replaceAll(/[\u0000-\u001F\u007F-\u009F\u2028\u2029]+/g, " ");
}
