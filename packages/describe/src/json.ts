import type { StackDescription } from "./stack-description.ts";
import type { StackNode } from "./stack-node.ts";

/** A description as plain values, which are the same after a round trip through JSON. */
export function jsonOf({ root, warnings }: Pick<StackDescription, "root" | "warnings">): {
  readonly root: object;
  readonly warnings: readonly object[];
} {
  return { root: plainNode(root), warnings: warnings.map((warning) => plain(warning)) };
}

function plainNode({ id, layer, label, traits, facts, numbers, inner, branches }: StackNode): object {
  return plain({
    id,
    layer,
    label,
    traits: [...traits],
    facts: plain(facts),
    numbers: plain(numbers),
    inner: inner && plainNode(inner),
    branches: branches?.map(({ key, node }) => ({ key, node: plainNode(node) })),
  });
}

/** Without what JSON leaves out, and with text for the numbers that it does not have. */
function plain(members: object): object {
  const known = Object.entries(members as Readonly<Record<string, unknown>>).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    known.map(([key, value]) => [key, typeof value === "number" && !Number.isFinite(value) ? String(value) : value]),
  );
}
