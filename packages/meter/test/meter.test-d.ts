import { type FailureOf, type Keeps, type KindOf, raises, type Service, ServiceBuilder, serviceFn } from "@sluice/core";
import { expectTypeOf } from "vitest";
import {
  type HistogramSnapshot,
  type Meter,
  meter,
  type MeterSnapshot,
  meters,
  toDiagnosticsChannel,
} from "../src/index.ts";

class NotFound extends Error {
  readonly code = "NOT_FOUND";
}

const seen = meter("db", { attributes: { "server.address": "db1" }, codes: 8, durations: true, enabled: false });
expectTypeOf(seen).toEqualTypeOf<Meter>();
expectTypeOf<KindOf<Meter>>().toEqualTypeOf<Keeps>();

// It keeps the types of the service inside.
const find = serviceFn((name: string) => name.length, raises<NotFound>());
const service = new ServiceBuilder().layer(seen).service(find);
expectTypeOf(service).toEqualTypeOf<Service<string, number, NotFound>>();
expectTypeOf<FailureOf<typeof service>>().toEqualTypeOf<NotFound>();

expectTypeOf(seen.snapshot()).toEqualTypeOf<MeterSnapshot>();
expectTypeOf(seen.snapshot().duration).toEqualTypeOf<HistogramSnapshot>();
expectTypeOf(seen.snapshot().duration.quantile(0.99)).toEqualTypeOf<number | undefined>();
expectTypeOf(meters()).toExtend<Iterable<Meter>>();
expectTypeOf(toDiagnosticsChannel()).toEqualTypeOf<Disposable>();
seen.enabled = true;

// @ts-expect-error it has a name
meter();
// @ts-expect-error a label is text
meter("db", { attributes: { shard: 1 } });
// @ts-expect-error there is no such option
meter("db", { label: "db" });
// @ts-expect-error a counter is not to be set
seen.waiting = 0;
// @ts-expect-error nor is what a snapshot says
seen.snapshot().granted = 0;
