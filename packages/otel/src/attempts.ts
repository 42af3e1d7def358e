import { type Context, context, createContextKey } from "@opentelemetry/api";
import { type AttemptEvent, events } from "@sluice/core";
import { processWide } from "@sluice/core/kit";

const key = createContextKey("@sluice/otel attempt");
const carried = processWide<{ by?: Disposable }>("otel.attempts", {});

/**
 * From now on each further attempt of `retry` and `hedge` has its number in OpenTelemetry's context, its wait included. For the life of the
 * process: no layer is told that it is the last one.
 */
export function carryAttempts(): void {
  carried.by ??= events.carry((event, run) => context.with(context.active().setValue(key, event), run));
}

/** The further attempt that `at` belongs to; undefined in a first one. */
export function attemptIn(at: Context): AttemptEvent | undefined {
  return at.getValue(key) as AttemptEvent | undefined;
}

/** `at`, where what is called does not belong to the attempt any more: it is on the other side. */
export function outsideAttempts(at: Context): Context {
  return attemptIn(at) === undefined ? at : at.deleteValue(key);
}
