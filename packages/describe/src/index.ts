/**
 * Shows what a service is made of, with the numbers of now: `describe` answers with a tree that can be read as text, as JSON and
 * as a Mermaid diagram, and warns of orders of layers that do not do what they look like.
 *
 * @packageDocumentation
 */
export type { DescribeOptions } from "./describe.ts";
export { describe } from "./describe.ts";
export type { StackDescription } from "./stack-description.ts";
export type { StackNode } from "./stack-node.ts";
export type { StackWarning, WarningRule } from "./stack-warning.ts";
