import { type Layer, raises, type Service, ServiceBuilder } from "@sluice/core";
import { expectTypeOf } from "vitest";
import { buffer, type BufferClosedError, type BufferLayer, isBufferClosedError } from "../src/index.ts";

class QuotaError extends Error {
  readonly code = "QUOTA";
}

const queue = buffer({ capacity: 1 });
expectTypeOf(queue).toEqualTypeOf<BufferLayer>();
expectTypeOf(queue).toExtend<Layer<any>>();
expectTypeOf(queue.drain()).toEqualTypeOf<Promise<void>>();

// It adds its own failure to those of the service inside, and leaves requests and responses alone.
const service = new ServiceBuilder().layer(queue).serviceFn(async (n: number) => String(n), raises<QuotaError>());
expectTypeOf(service).toEqualTypeOf<Service<number, string, QuotaError | BufferClosedError>>();

// @ts-expect-error a buffer without bounds is no buffer: the capacity has no default
buffer();
// @ts-expect-error the capacity is a number
buffer({ capacity: "10" });
// @ts-expect-error counters are read only
queue.waiting = 1;
// @ts-expect-error an edge that must answer for everything must answer for a closed buffer too
const edge: Service<number, string, QuotaError> = service;
void edge;

declare const error: unknown;
if (isBufferClosedError(error)) expectTypeOf(error).toEqualTypeOf<BufferClosedError>();
expectTypeOf<BufferClosedError["code"]>().toEqualTypeOf<"ERR_SLUICE_BUFFER_CLOSED">();
