import { randomId } from "./random-id.ts";

/** What a `traceparent` says: the trace, who asks, and how the trace is treated. */
export interface TraceParent {
  /** 32 lower-case hexadecimal digits, not all 0. */
  readonly traceId: string;
  /** The span of the caller: 16 lower-case hexadecimal digits, not all 0. */
  readonly spanId: string;
  /** Two hexadecimal digits: 01 sampled, 02 the trace id is random. */
  readonly flags: string;
}

const format = /^([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(-.*)?$/su;

/**
 * Reads a `traceparent`, as W3C Trace Context says (https://www.w3.org/TR/trace-context/, section 3.2): version 00 is
 * exactly what the specification says, ff is invalid, and of versions to come the part that is known today is used.
 * Undefined when it is invalid.
 */
export function parseTraceparent(value: string): TraceParent | undefined {
  const [, version = "ff", traceId = "", spanId = "", flags = "", more] = format.exec(value) ?? [];
  if (version === "ff" || (version === "00" && more)) return undefined;
  // Flags that are unknown today must not be passed on; of other versions only `sampled` is known.
  const known = Number.parseInt(flags, 16) & (version === "00" ? 0b11 : 0b01);
  return { traceId, spanId, flags: `0${known}` };
}

/**
 * The `traceparent` of one more hop: the same trace and flags, and a span of its own. Without a valid parent a new trace
 * begins, whose sampling is left to others (flags 00, the specification's default).
 */
export function nextTraceparent(parent: TraceParent | undefined): string {
  return `00-${parent?.traceId ?? randomHex()}-${randomHex().slice(16)}-${parent?.flags ?? "00"}`;
}

/** 32 digits. The bits that are fixed in a UUID, one of them among the last 16 digits, see to it that they are not all 0. */
function randomHex(): string {
  return randomId().replaceAll("-", "");
}
