import { isSpanContextValid, type SpanContext, trace } from "@opentelemetry/api";

/**
 * The ids of OpenTelemetry's active span, for `trace` of `@sluice/trace`: its log lines then carry them, and a request has one trace id, not
 * two. Undefined where there is no span, or no SDK.
 *
 * @example
 * const logged = trace({ logger: pino(), span: activeSpan });
 */
export function activeSpan(): SpanContext | undefined {
  const active = trace.getActiveSpan()?.spanContext();
  return active !== undefined && isSpanContextValid(active) ? active : undefined;
}
