/**
 * Who is next, and who is refused: `priorityLine` is a line by importance for any limit, with a share for those behind, a bound, and a
 * controlled delay under overload.
 *
 * @packageDocumentation
 */
export type { LevelCount } from "./level-count.ts";
export type { CodelOptions } from "./patience.ts";
export type { PriorityLine } from "./priority-line.ts";
export { priorityLine } from "./priority-line.ts";
export type { PriorityLineOptions } from "./priority-options.ts";
