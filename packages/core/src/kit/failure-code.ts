/** What failures without a code are counted under, and those beyond the limit: OpenTelemetry's word, https://opentelemetry.io/docs/specs/semconv/registry/attributes/error/ */
export const otherFailure = "_OTHER";

/**
 * What a failure is counted under: its `code` where that is text or a number, else the `name` of an `Error`. A `DOMException` goes by
 * its name: its codes are legacy numbers. Never throws.
 */
export function failureCode(reason: unknown): string {
  try {
    if (typeof reason !== "object" || reason === null) return otherFailure;
    if (typeof DOMException === "function" && reason instanceof DOMException) return reason.name;
    const { code } = reason as { readonly code?: unknown };
    if (typeof code === "number" || (typeof code === "string" && code !== "")) return String(code);
    return nameOf(reason);
  } catch {
    // A getter that throws, or a proxy that was revoked.
    return otherFailure;
  }
}

function nameOf(reason: object): string {
  // The second test is for errors of another realm. Another object's name may be anything, a person's for instance.
  if (!(reason instanceof Error) && Object.prototype.toString.call(reason) !== "[object Error]") return otherFailure;
  const { name } = reason as Error;
  return typeof name === "string" && name !== "" ? name : otherFailure;
}
