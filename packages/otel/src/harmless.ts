import { diag } from "@opentelemetry/api";

/** What `run` returns; undefined where it throws. What only observes must not harm a call: OpenTelemetry's diagnostics are told. */
export function harmless<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    diag.error("@sluice/otel: what follows was thrown, and has harmed no call", error);
    return undefined;
  }
}
