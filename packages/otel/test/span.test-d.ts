import { metrics, type SpanContext, trace as api } from "@opentelemetry/api";
import { type Service, ServiceBuilder } from "@sluice/core";
import { type TimeoutError, timeout } from "@sluice/timeout";
import { trace } from "@sluice/trace";
import { expectTypeOf } from "vitest";
import { activeSpan, observeMeters, span } from "../src/index.ts";

// It keeps the types of the service inside, failures among them.
const service = new ServiceBuilder()
  .layer(span("order", { attributes: (request: string) => ({ "order.length": request.length }) }))
  .layer(timeout(5))
  .layer(span("GET", { kind: "client", tracer: api.getTracer("own"), message: true }))
  .serviceFn(async (request: string) => request.length);
expectTypeOf(service).toEqualTypeOf<Service<string, number, TimeoutError>>();

// Attributes are of the requests that there are.
const counted = new ServiceBuilder().layer(span("order", { attributes: (request: number) => ({ request }) }));
// @ts-expect-error -- numbers are asked of it, and texts are what it takes
counted.serviceFn(async (request: string) => request);

// @ts-expect-error -- the API's own kinds are numbers
span("GET", { kind: 2 });
// @ts-expect-error -- an attribute is no object
span("GET", { attributes: () => ({ order: { id: 1 } }) });
// @ts-expect-error -- a span has a name
span();

// Its ids are what `trace` takes.
expectTypeOf(activeSpan).returns.toEqualTypeOf<SpanContext | undefined>();
trace({ span: activeSpan });
trace({ span: () => api.getActiveSpan()?.spanContext() });
// @ts-expect-error -- a span itself is no ids
trace({ span: () => api.getActiveSpan() });

expectTypeOf(observeMeters({ provider: metrics.getMeterProvider(), durations: true })).toEqualTypeOf<Disposable>();
// @ts-expect-error -- boundaries are the SDK's own views'
observeMeters({ boundaries: [1] });
