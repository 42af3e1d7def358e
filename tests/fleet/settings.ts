import type { SharedConcurrencyLimitOptions, SharedRateLimitOptions } from "@sluice/limit-shared";

/** The settings of one member of a fleet: plain data, for they come over the process's channel. */
export interface MemberSettings {
  /** The library of the limit; default ours. */
  readonly library?: Peer | undefined;
  /** The port of the store, or of a slow link to it. */
  readonly port: number;
  readonly limit: RateSettings | SlotSettings;
  readonly load: Load;
  /** The offset of the member's clock: ms. */
  readonly skew: number;
}

/** Other libraries that share limits among processes. */
export type Peer = "rate-limiter-flexible" | "bottleneck";

export interface RateSettings {
  readonly kind: "rate";
  readonly options: Omit<SharedRateLimitOptions, "store" | "key" | "clock">;
}

export interface SlotSettings {
  readonly kind: "slots";
  readonly options: Omit<SharedConcurrencyLimitOptions, "store" | "key" | "clock">;
}

export interface Load {
  /** Calls a second, independent of the answers. */
  readonly perSecond?: number;
  /** Callers that each call again as soon as they are answered. */
  readonly callers?: number;
  /** Whether callers that cannot start now wait; otherwise they are refused. */
  readonly waits?: boolean;
  /** How long the work takes: ms. */
  readonly work: number;
}

/** A report of a member, sent a few times. Times are of the machine's monotonic clock, in ms. */
export type Said =
  | { readonly what: "ready" }
  | { readonly what: "calls"; readonly calls: readonly Call[] }
  | { readonly what: "unhandled"; readonly reason: string }
  | { readonly what: "end"; readonly trips: number; readonly late: number };

/** One ended call: `[asked, started, ended]`, or `[asked, error]` where it was refused. */
export type Call = readonly [asked: number, started: number, ended: number] | readonly [asked: number, error: string];

/** Milliseconds on a clock that all processes of the machine share. */
export function machineTime(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
