import { type FailureOf, gate, type OverloadedError, type Service, ServiceBuilder } from "@sluice/core";
import { expectTypeOf } from "vitest";
import { Throttle, throttle, type ThrottleLayer } from "../src/index.ts";

const layer = throttle({ k: 2, label: "search" });
expectTypeOf(layer).toEqualTypeOf<ThrottleLayer>();

const service = new ServiceBuilder().layer(layer).serviceFn((n: number) => Promise.resolve(String(n)));
expectTypeOf(service).toEqualTypeOf<Service<number, string, OverloadedError>>();

const gated = new ServiceBuilder()
  .layer(gate(new Throttle<number>(), { name: "search" }))
  .serviceFn((n: number) => Promise.resolve(String(n)));
expectTypeOf<FailureOf<typeof gated>>().toEqualTypeOf<OverloadedError>();

const byStatus = throttle<Request, Response>({
  classify: (outcome, { request }) =>
    outcome.status === "fulfilled" && outcome.value.status === 429 && request.method === "GET" ? "refused" : undefined,
});
new ServiceBuilder().layer(byStatus).serviceFn((request: Request) => fetch(request));
// @ts-expect-error the service inside gives text, and the throttle looks at responses
new ServiceBuilder().layer(byStatus).serviceFn((request: Request) => Promise.resolve(request.url));
// @ts-expect-error the service inside takes numbers, and the throttle looks at requests
new ServiceBuilder().layer(byStatus).serviceFn((n: number) => Promise.resolve(new Response(String(n))));

// @ts-expect-error there is no such option
throttle({ K: 2 });
// @ts-expect-error no such verdict
throttle({ classify: () => "failure" });
// @ts-expect-error a counter is not to be set
layer.refused = 0;
