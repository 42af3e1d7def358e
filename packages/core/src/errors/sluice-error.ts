import { plainMembers } from "../kit/plain-members.ts";

/** Options of {@link SluiceError}. */
export interface SluiceErrorOptions {
  /** The error that led to this one. */
  readonly cause?: unknown;
  /**
   * Whether the engine captures a stack trace. Default true. A trace costs several microseconds; an error that is thrown for
   * every refused request under overload says all it has to say without one.
   */
  readonly trace?: boolean | undefined;
}

/**
 * The base of all errors of Sluice, and for those of authors of layers. A subclass declares its `code` and brands itself
 * with `brand`, which also gives it its `name`.
 */
export abstract class SluiceError extends Error {
  /** Identifies the kind of failure: `ERR_SLUICE_…` for ours. */
  abstract readonly code: string;

  constructor(message: string, { cause, trace = true }: SluiceErrorOptions = {}) {
    const options = cause === undefined ? undefined : { cause };
    if (trace) super(message, options);
    else {
      const limit = limitTraces(0);
      super(message, options);
      limitTraces(limit);
    }
  }

  /** The name, the message, and each member that is text, a number or a boolean: what a logger needs. Without the stack. */
  toJSON(): Record<string, unknown> {
    return { name: this.name, message: this.message, ...plainMembers(this) };
  }
}

/** How many frames V8 captures; other engines capture lazily and know no such number. Answers with what it was before. */
function limitTraces(frames: number | undefined): number | undefined {
  const traced = Error as { stackTraceLimit?: number | undefined };
  const before = traced.stackTraceLimit;
  try {
    if (before !== undefined) traced.stackTraceLimit = frames;
  } catch {
    // `Error` is frozen (`--frozen-intrinsics`, SES): the trace is captured after all.
  }
  return before;
}
