import type { AnyService, Clock } from "@sluice/core";
import { readOptions, requireClock, requireFunction, requireLabel, requireMethods } from "@sluice/core/kit";
import { type Backoff, defaultBackoff } from "./backoff.ts";
import type { ConnectionState } from "./connector.ts";

/** What errors, refusals and events call the service. */
export const layerName = "reconnect";

/** A change of state. */
export interface StateChange {
  /** The state before. */
  readonly from: ConnectionState;
  /** The state now. */
  readonly to: ConnectionState;
  /** The failure that led to it: of an attempt, or one that shows that the connection is broken. Undefined where none did. */
  readonly cause: unknown;
}

/** Options of {@link reconnect}. */
export interface ReconnectOptions<in S extends AnyService = AnyService> {
  /**
   * Whether a failure, of a call or of readiness, shows that the connection is broken. It is not asked about a reason with which the caller
   * aborted. What it throws, and an answer that is no boolean, is reported, and the connection is kept. Default: none does, and the service
   * is made once.
   */
  readonly isBroken?: ((failure: unknown) => boolean) | undefined;
  /**
   * How long to wait after an attempt that failed, or a connection that broke before it answered anything. Default: 100 to 10,000 ms,
   * exponential, with full jitter. What it throws, and a delay that is none, is reported, and 10,000 ms count.
   */
  readonly backoff?: Backoff | undefined;
  /**
   * Closes a connection that broke, once no call and no permit uses it any more. Called once for each. What it throws, or rejects with, is
   * reported. Default: nothing.
   */
  readonly close?: ((service: S) => unknown) | undefined;
  /** Told of each change of state, after it. What it throws is reported. Default: nobody. */
  readonly onChange?: ((change: StateChange) => void) | undefined;
  /** Where time is read and the timer for those who wait is set; default `systemClock`. */
  readonly clock?: Clock | undefined;
  /** Tells this connection apart from others: `"db"`. It is on its refusals and events. Default: none. */
  readonly label?: string | undefined;
}

/** {@link ReconnectOptions} with their defaults. */
export interface Settings {
  readonly isBroken: ((failure: unknown) => boolean) | undefined;
  readonly backoff: Backoff;
  readonly close: ((service: any) => unknown) | undefined;
  readonly onChange: ((change: StateChange) => void) | undefined;
  readonly clock: Clock;
  readonly label: string | undefined;
}

/** @throws TypeError when an option is not as it must be */
export function readSettings(options: ReconnectOptions<any> | undefined): Settings {
  const names = ["isBroken", "backoff", "close", "onChange", "clock", "label"] as const;
  const { isBroken, backoff = defaultBackoff, close, onChange, clock, label } = readOptions(layerName, options, names);
  for (const [name, value] of Object.entries({ isBroken, close, onChange })) {
    if (value !== undefined) requireFunction(layerName, name, value);
  }
  requireMethods(layerName, "backoff", backoff, "a backoff", ["next"]);
  return {
    isBroken,
    backoff,
    close,
    onChange,
    clock: requireClock(layerName, clock),
    label: requireLabel(layerName, label),
  };
}
