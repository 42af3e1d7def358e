import { type Service, ServiceBuilder } from "@sluice/core";
import { mockService, VirtualClock } from "@sluice/testing";
import {
  type CircuitBreakerLayer,
  circuitBreaker,
  type CircuitBreakerOptions,
  type CircuitChange,
} from "../../src/index.ts";

/** What the service inside fails with. */
export const down: Error = new Error("down");

/** A breaker around a service that the test answers for. */
export interface SetUp {
  readonly clock: VirtualClock;
  readonly breaker: CircuitBreakerLayer<string, string>;
  readonly handle: ReturnType<typeof mockService<string, string>>[1];
  readonly service: Service<string, string>;
  readonly changes: CircuitChange[];
  /** A call that is answered. */
  readonly succeed: (times?: number) => Promise<void>;
  /** A call that fails. */
  readonly fail: (times?: number, reason?: unknown) => Promise<void>;
  /** Calls, and returns what the call that arrives inside is answered with. */
  readonly begin: (signal?: AbortSignal) => Promise<Begun>;
}

/** A call that has arrived inside. */
interface Begun {
  readonly end: Promise<unknown>;
  readonly respond: (response?: string) => Promise<void>;
  readonly fail: (reason?: unknown) => Promise<void>;
}

export function setUp(options: CircuitBreakerOptions<string, string> = {}): SetUp {
  const clock = new VirtualClock();
  const changes: CircuitChange[] = [];
  const breaker = circuitBreaker<string, string>({
    clock,
    onChange: (change) => {
      changes.push(change);
    },
    ...options,
  });
  const [inner, handle] = mockService<string, string>();
  const service = new ServiceBuilder().layer(breaker).service(inner);
  const begin = async (signal?: AbortSignal): Promise<Begun> => {
    const end = service.call("x", { signal }).catch((error: unknown) => error);
    const request = await handle.nextRequest();
    return {
      end,
      async respond(response = "ok") {
        request.respond(response);
        await end;
      },
      async fail(reason = down) {
        request.fail(reason);
        await end;
      },
    };
  };
  return {
    clock,
    breaker,
    handle,
    service,
    changes,
    begin,
    async succeed(times = 1) {
      for (let nth = 0; nth < times; nth++) await (await begin()).respond();
    },
    async fail(times = 1, reason: unknown = down) {
      for (let nth = 0; nth < times; nth++) await (await begin()).fail(reason);
    },
  };
}

/** One whose circuit has just opened, after `breakFor` of 1,000 ms unless told otherwise; and when that is over. */
export async function opened(options: CircuitBreakerOptions<string, string> = {}): Promise<SetUp> {
  const set = setUp({ consecutive: 1, breakFor: 1_000, ...options });
  await set.fail();
  return set;
}

/** One whose break is over: the next caller is a probe. */
export async function readyToProbe(options: CircuitBreakerOptions<string, string> = {}): Promise<SetUp> {
  const set = await opened(options);
  await set.clock.advance(1_000);
  return set;
}
