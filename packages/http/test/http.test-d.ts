import { type Service, ServiceBuilder } from "@sluice/core";
import { expectTypeOf } from "vitest";
import { http, type HttpLayer } from "../src/index.ts";

const layer = http({ label: "db" });
expectTypeOf(layer).toEqualTypeOf<HttpLayer>();

const service = new ServiceBuilder().layer(layer).serviceFn((n: number) => Promise.resolve(String(n)));
expectTypeOf(service).toEqualTypeOf<Service<number, string, never>>();

// @ts-expect-error there is no such option
http({ labels: "db" });
// @ts-expect-error a counter is not to be set
layer.calls = 0;
