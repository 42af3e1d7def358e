import type { Service } from "@sluice/core";
import { expectTypeOf } from "vitest";
import { type MockHandle, mockService } from "../src/index.ts";

class DiskFullError extends Error {
  readonly code = "ERR_DISK_FULL";
}

const [service, handle] = mockService<string, number, DiskFullError>();
expectTypeOf(service).toEqualTypeOf<Service<string, number, DiskFullError>>();
expectTypeOf(handle).toEqualTypeOf<MockHandle<string, number>>();

// It is known to fail in no way, unless told otherwise.
expectTypeOf(mockService<string, number>()[0]).toEqualTypeOf<Service<string, number, never>>();

const call = await handle.nextRequest();
expectTypeOf(call.request).toBeString();
call.respond(1);
// @ts-expect-error the responses are numbers
call.respond("one");
// @ts-expect-error the requests are strings
void service.call(1);
// @ts-expect-error how many, as a number
handle.allow("all");
// @ts-expect-error a counter is there to be read
handle.active = 0;
