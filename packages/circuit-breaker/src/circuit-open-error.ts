import { brand, isBranded, SluiceError } from "@sluice/core/kit";

/** What a {@link CircuitOpenError} says. */
export interface CircuitOpenErrorOptions {
  /** The breaker's label, where it has one. */
  readonly label?: string | undefined;
  /** In how many milliseconds the break is over; undefined where that is unknown. */
  readonly retryAfter?: number | undefined;
  /** Whether the circuit was isolated by hand. Default false. */
  readonly isolated?: boolean | undefined;
  /** The failure that opened the circuit. */
  readonly cause?: unknown;
}

/**
 * Refused: the circuit is open, for the service behind it fails. Nothing was tried, and `isRefusal` says so. `cause` is the failure
 * that opened the circuit; undefined where slow calls, a response that was classified as a failure, or a person did. It captures no
 * stack trace, which is about half of what a refusal costs; its `stack` is its name and message.
 */
export class CircuitOpenError extends SluiceError {
  declare readonly name: "CircuitOpenError";
  override readonly code = "ERR_SLUICE_CIRCUIT_OPEN";
  /** The name of the layer that refused: `"circuitBreaker"`. */
  readonly layer: string | undefined;
  /** The label of that layer, where it has one. */
  readonly label: string | undefined;
  /** Why it refused, in the words of `OverloadedError`. */
  readonly reason = "circuit";
  /**
   * In how many milliseconds the break is over. Undefined where that is unknown: the probes are under way, or the circuit is
   * isolated.
   */
  readonly retryAfter: number | undefined;
  /** Whether the circuit was isolated by hand, and stays so until it is closed by hand. */
  readonly isolated: boolean;

  /**
   * @param layer the name of the layer that refused
   * @param options why, and for how long
   */
  constructor(layer?: string, { label, retryAfter, isolated = false, cause }: CircuitOpenErrorOptions = {}) {
    super("Refused: the circuit is open.", { cause, trace: false });
    this.layer = layer;
    this.label = label;
    this.retryAfter = retryAfter;
    this.isolated = isolated;
  }
}

brand(CircuitOpenError, { name: "CircuitOpenError", refusal: true });

/** Whether `error` is a {@link CircuitOpenError}, of whichever copy of this package. */
export function isCircuitOpenError(error: unknown): error is CircuitOpenError {
  return isBranded(error, "CircuitOpenError");
}
