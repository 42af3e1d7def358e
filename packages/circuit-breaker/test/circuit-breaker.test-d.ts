import { type FailureOf, gate, type Service, ServiceBuilder } from "@sluice/core";
import { expectTypeOf } from "vitest";
import {
  CircuitBreaker,
  circuitBreaker,
  type CircuitBreakerLayer,
  type CircuitOpenError,
  type CircuitState,
} from "../src/index.ts";

class NotFound extends Error {
  readonly code = "NOT_FOUND";
}

const layer = circuitBreaker({ label: "db" });
expectTypeOf(layer).toEqualTypeOf<CircuitBreakerLayer>();
expectTypeOf(layer.state).toEqualTypeOf<CircuitState>();

const service = new ServiceBuilder().layer(layer).serviceFn((n: number) => Promise.resolve(String(n)));
expectTypeOf(service).toEqualTypeOf<Service<number, string, CircuitOpenError>>();

const gated = new ServiceBuilder()
  .layer(gate(new CircuitBreaker<number>(), { name: "db" }))
  .serviceFn((n: number) => Promise.resolve(String(n)));
expectTypeOf<FailureOf<typeof gated>>().toEqualTypeOf<CircuitOpenError>();

// What it classifies is what the service inside takes and gives.
const byStatus = circuitBreaker<Request, Response>({
  classify: (outcome, { request }) =>
    outcome.status === "fulfilled" && outcome.value.status >= 500 && request.method === "GET" ? "failure" : undefined,
});
new ServiceBuilder().layer(byStatus).serviceFn((request: Request) => fetch(request));
// @ts-expect-error the service inside gives text, and the breaker looks at responses
new ServiceBuilder().layer(byStatus).serviceFn((request: Request) => Promise.resolve(request.url));
// @ts-expect-error the service inside takes numbers, and the breaker looks at requests
new ServiceBuilder().layer(byStatus).serviceFn((n: number) => Promise.resolve(new Response(String(n))));

// A backoff of any state will do.
circuitBreaker({ breakFor: { next: (state?: number) => ({ delay: 5, state: (state ?? 0) + 1 }) } });

// A failure that the service inside declares stays.
declare const declaring: Service<number, number, NotFound>;
const declared = layer.wrap(declaring);
expectTypeOf<FailureOf<typeof declared>>().toEqualTypeOf<NotFound | CircuitOpenError>();

// @ts-expect-error there is no such option
circuitBreaker({ threshold: 0.5 });
// @ts-expect-error a window is of time or of calls
circuitBreaker({ window: { time: 5, calls: 5 } });
// @ts-expect-error no such verdict
circuitBreaker({ classify: () => "bad" });
// @ts-expect-error its state is changed by open, close and isolate
layer.state = "open";
