/** What `describe` warns of. Each has a section of its own in docs/order.md. */
export type WarningRule =
  | "limit-outside-retry"
  | "limit-outside-routes"
  | "buffer-outside-routes"
  | "limit-outside-buffer"
  | "shed-inside-limit"
  | "shed-with-nothing-inside"
  | "timeout-cannot-bound-wait"
  | "unbounded-line"
  | "retry-without-budget"
  | "retry-without-attempt-timeout"
  | "shed-inside-balance"
  | "retry-inside-balance";

/** An order of layers that does not do what it looks like. */
export interface StackWarning {
  /** Which rule it is: `"unbounded-line"`, for instance. `allow` takes it. */
  readonly rule: WarningRule;
  /** The `id` of the node that it is about. */
  readonly at: string;
  /** The name of that layer. */
  readonly layer: string;
  /** Its label, where it has one. */
  readonly label?: string | undefined;
  /** What happens, and what to do. */
  readonly message: string;
  /** Where that is explained, with the arithmetic. */
  readonly see: string;
}
