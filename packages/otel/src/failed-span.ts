import { type Span, SpanStatusCode } from "@opentelemetry/api";
import { isRefusal } from "@sluice/core";
import { failureCode, isGivenUp, isOwnAbort } from "@sluice/core/kit";
import { harmless } from "./harmless.ts";

/**
 * Says of a span how its call, or its wait, failed. A failure with the reason that the caller itself aborted with is no error, unless it is a
 * timeout: an attempt that took too long is aborted by the `timeout` around it, and did fail.
 *
 * @param message whether the failure's own words may leave the process
 */
export function setFailure(span: Span, reason: unknown, signal: AbortSignal | undefined, message: boolean): void {
  if (harmless(() => isGivenUp(signal) && isOwnAbort(signal, reason)) === true) {
    span.setAttribute("sluice.outcome", "aborted");
    return;
  }
  span.setAttribute("error.type", failureCode(reason));
  const by = harmless(() => (isRefusal(reason) ? reason.layer : undefined));
  if (typeof by === "string") span.setAttribute("sluice.layer", by);
  const words = message ? wordsOf(reason) : undefined;
  span.setStatus({ code: SpanStatusCode.ERROR, ...(words === undefined ? {} : { message: words }) });
  if (words !== undefined) harmless(() => span.recordException(reason instanceof Error ? reason : words));
}

function wordsOf(reason: unknown): string | undefined {
  return harmless(() => (reason instanceof Error ? reason.message : String(reason)));
}
