import type { SharedConcurrencyLimitOptions, SharedRateLimitOptions } from "@sluice/limit-shared";

/** What one member of a fleet does. It comes over the process's channel, so it is plain data. */
export interface MemberSettings {
  /** Whose limit it is; default ours. */
  readonly library?: Peer | undefined;
  /** The port of the store, or of a slow link to it. */
  readonly port: number;
  readonly limit: RateSettings | SlotSettings;
  readonly load: Load;
  /** How far off the member's clock is: ms. */
  readonly skew: number;
}

/** Who else shares limits among processes. */
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
  /** Calls a second that come whatever becomes of the others. */
  readonly perSecond?: number;
  /** Callers that each call again as soon as they are answered. */
  readonly callers?: number;
  /** Whether those who cannot start now wait; otherwise they are refused. */
  readonly waits?: boolean;
  /** How long the work takes: ms. */
  readonly work: number;
}

/** What a member says, a few times in its life: times are of the machine's monotonic clock, in ms. */
export type Said =
  | { readonly what: "ready" }
  | { readonly what: "calls"; readonly calls: readonly Call[] }
  | { readonly what: "unhandled"; readonly reason: string }
  | { readonly what: "end"; readonly trips: number; readonly late: number };

/** One call that has ended: `[asked, started, ended]`, or `[asked, error]` where it was refused. */
export type Call = readonly [asked: number, started: number, ended: number] | readonly [asked: number, error: string];

/** Milliseconds on a clock that all processes of the machine share. */
export function machineTime(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
