import { type Service, ServiceBuilder } from "@sluice/core";
import { expectTypeOf } from "vitest";
import { hedge, type HedgeLayer } from "../src/index.ts";

const layer = hedge({ delay: 50, label: "db" });
expectTypeOf(layer).toEqualTypeOf<HedgeLayer>();
expectTypeOf(layer.delayNow).toEqualTypeOf<number | undefined>();

// It adds no failure.
const service = new ServiceBuilder().layer(layer).serviceFn((n: number) => Promise.resolve(String(n)));
expectTypeOf(service).toEqualTypeOf<Service<number, string, never>>();

// What it looks at is what the service inside takes.
const byMethod = hedge<Request>({ delay: 50, hedgeIf: ({ method }) => method === "GET" });
new ServiceBuilder().layer(byMethod).serviceFn((request: Request) => fetch(request));
// @ts-expect-error the service inside takes numbers, and hedgeIf looks at requests
new ServiceBuilder().layer(byMethod).serviceFn((n: number) => Promise.resolve(n));

// What it sends of its own fits.
const copies = hedge<Request>({ delay: 50, cloneRequest: (request) => request.clone() });
new ServiceBuilder().layer(copies).serviceFn((request: Request) => fetch(request));
interface Numbered extends Request {
  readonly number: number;
}
// @ts-expect-error the service inside takes numbered requests, and copies have no number
new ServiceBuilder().layer(copies).serviceFn((request: Numbered) => Promise.resolve(request.number));

// A function says when, and when there is no more.
hedge({ delay: (attempt) => (attempt < 3 ? attempt * 10 : undefined), attempts: 4 });
// @ts-expect-error it must be said when
hedge({});
// @ts-expect-error there is no such option
hedge({ delay: 5, percentile: 0.95 });
// @ts-expect-error a counter is not to be set
layer.hedges = 0;
