import { type Attributes, SpanKind, trace, type Tracer } from "@opentelemetry/api";
import type { Keeps, Layer } from "@sluice/core";
import {
  holdLayer,
  readOptions,
  requireBoolean,
  requireFunction,
  requireMethods,
  requireName,
  requireOneOf,
} from "@sluice/core/kit";
import { carryAttempts } from "./attempts.ts";
import { CallSpan, type SpanSettings } from "./call-span.ts";
import { FirstAttempts } from "./first-attempts.ts";

const kinds = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

/** Options of {@link span}. */
export interface CallSpanOptions<in Req = unknown> {
  /**
   * What the span is of; default `"internal"`. `"client"` for what really is sent, inside `retry`: from the second attempt on it has
   * `http.request.resend_count`.
   */
  readonly kind?: "internal" | "server" | "client" | "producer" | "consumer" | undefined;
  /** Where spans are made; default `trace.getTracer("@sluice/otel")` of OpenTelemetry's API, which is that of the SDK once there is one. */
  readonly tracer?: Tracer | undefined;
  /** Attributes for the span of a request. What it throws harms no call. Default: none. */
  readonly attributes?: ((request: Req) => Attributes | undefined) | undefined;
  /**
   * Whether the message of a failure goes into the span, as its status's description and an `exception` event; default false. Messages may
   * hold what must not be logged.
   */
  readonly message?: boolean | undefined;
}

const owner = "span";

/**
 * Makes a span of OpenTelemetry for each call: from when its caller has to wait, or else from the call's start, to the answer. Any number may
 * stand in a stack: outside `retry` a span is a request's, inside it an attempt's, with its number as `sluice.attempt`. A wait for readiness is
 * a span of its own, `<name> ready`, and is there only where somebody had to wait.
 *
 * The span is the active one while the call runs, so that other instrumentation finds it. It only observes: it changes no answer and no
 * order, adds no microtask inside the stack, and what its functions and the tracer throw harms no call.
 *
 * @example
 * const service = new ServiceBuilder()
 *   .layer(span("order"))
 *   .layer(retry(policy))
 *   .layer(span("GET", { kind: "client" }))
 *   .serviceFn((url: string, options) => fetch(url, options));
 *
 * @param name the span's: one of few, and never with a part of the request in it
 * @throws TypeError | RangeError when `name` or an option is not in its range
 */
export function span<Req = unknown>(name: string, options?: CallSpanOptions<Req>): Layer<Keeps<Req>> {
  requireName(owner, name);
  const read = readOptions<CallSpanOptions<Req>>(owner, options, ["kind", "tracer", "attributes", "message"]);
  const { kind = "internal", tracer = trace.getTracer("@sluice/otel"), attributes, message = false } = read;
  requireOneOf(owner, "kind", kind, Object.keys(kinds));
  requireMethods(owner, "tracer", tracer, "a tracer", ["startSpan"]);
  if (attributes !== undefined) requireFunction(owner, "attributes", attributes);
  requireBoolean(owner, "message", message);
  carryAttempts();
  const settings: SpanSettings = { name, kind: kinds[kind], tracer, attributes, message, firsts: new FirstAttempts() };
  return holdLayer<Keeps<Req>, CallSpan>(
    owner,
    {
      reserve: (request) => new CallSpan(settings, request),
      wait: (call, ask, caller) => call.wait(ask, caller),
      start: (call, inside, request, callOptions) => call.start(inside, request, callOptions),
      cancel: (call) => call.released(),
      failed: (call, reason) => call.failed(reason),
    },
    { label: name, traits: ["observes"], facts: { kind } },
  );
}
