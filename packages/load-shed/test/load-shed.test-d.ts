import { type Adds, type KindOf, raises, type Service, ServiceBuilder, serviceFn } from "@sluice/core";
import { expectTypeOf } from "vitest";
import { type LoadShedLayer, loadShed, type OverloadedError } from "../src/index.ts";

class NotFound extends Error {
  readonly code = "NOT_FOUND";
}

const shed = loadShed();
expectTypeOf(shed).toEqualTypeOf<LoadShedLayer>();
expectTypeOf<KindOf<typeof shed>>().toEqualTypeOf<Adds<OverloadedError>>();

// What it raises is added to what the service inside raises.
const find = serviceFn((name: string) => name.length, raises<NotFound>());
const service = new ServiceBuilder().layer(shed).service(find);
expectTypeOf(service).toEqualTypeOf<Service<string, number, NotFound | OverloadedError>>();
// @ts-expect-error the refusal is not answered for
service satisfies Service<string, number, NotFound>;

loadShed({ wait: 5, retryAfter: 1_000, label: "search" });
// @ts-expect-error there is no such option
loadShed({ waits: 5 });
// @ts-expect-error a counter is not to be set
shed.refused = 0;
