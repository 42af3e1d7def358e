import { type AsyncStorage, asyncStorage } from "./async-storage.ts";
import { nextTraceparent, parseTraceparent, type TraceParent } from "./traceparent.ts";

/** One hop of one request. Other copies of this package, of other versions perhaps, read these two members. */
export interface Span {
  readonly requestId: string;
  readonly traceparent: string;
}

/** The ids of another tracer's span: `SpanContext` of OpenTelemetry, for instance. */
export interface SpanIds {
  /** 32 lower-case hexadecimal digits, not all 0. */
  readonly traceId: string;
  /** 16 lower-case hexadecimal digits, not all 0. */
  readonly spanId: string;
  /** As W3C Trace Context has them: 1 sampled, 2 the trace id is random. Default 0. */
  readonly traceFlags?: number | undefined;
}

/** A span that makes its `traceparent` when it is first read: random numbers cost more than all the rest. */
export class LazySpan implements Span {
  readonly requestId: string;
  /** The outer span, or the header that came with the request. */
  private readonly outer: Span | string | undefined;
  private own: string | undefined;
  /** Another tracer's span that is active now, as a `traceparent`. */
  private readonly adopted: (() => string | undefined) | undefined;
  private isAdopted = false;

  constructor(requestId: string, outer: Span | string | undefined, adopted?: () => string | undefined) {
    this.requestId = requestId;
    this.outer = outer;
    this.adopted = adopted;
  }

  get traceparent(): string {
    const now = this.adopted?.();
    if (now !== undefined) {
      this.isAdopted = true;
      // Where no span is active any more, the last one still says which trace this is.
      this.own = now;
    }
    this.own ??= nextTraceparent(this.parent);
    return this.own;
  }

  /** For a line of a log. `parentSpanId` is there unless the trace begins here. */
  get fields(): object {
    const { parent, requestId, traceparent } = this;
    const fields = { requestId, traceId: traceparent.slice(3, 35), spanId: traceparent.slice(36, 52) };
    // Whose child another tracer's span is, nobody says here.
    return parent === undefined || this.isAdopted ? fields : { ...fields, parentSpanId: parent.spanId };
  }

  private get parent(): TraceParent | undefined {
    const header = typeof this.outer === "object" ? this.outer.traceparent : this.outer;
    return header === undefined ? undefined : parseTraceparent(header);
  }
}

const key = Symbol.for("@sluice/trace");

/**
 * One for the process, however often this package is loaded: as ESM, as CommonJS, in several versions. Undefined where the runtime has no
 * async context.
 */
export const spans: AsyncStorage<Span> | undefined = ((globalThis as Record<symbol, unknown>)[key] ??=
  asyncStorage<Span>()) as AsyncStorage<Span> | undefined;

/** The id of the request on whose behalf this runs; undefined outside of any, and in browsers. */
export function currentRequestId(): string | undefined {
  return spans?.getStore()?.requestId;
}

/**
 * The W3C `traceparent` to send along with what is asked of others on behalf of this request; undefined outside of any, and in browsers.
 *
 * @example
 * const traceparent = currentTraceparent();
 * await fetch(url, { headers: traceparent === undefined ? {} : { traceparent } });
 */
export function currentTraceparent(): string | undefined {
  return spans?.getStore()?.traceparent;
}
