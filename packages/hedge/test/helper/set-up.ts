import { type Service, ServiceBuilder } from "@sluice/core";
import { type MockHandle, type MockRequest, mockService, VirtualClock } from "@sluice/testing";
import { hedge, type HedgeLayer, type HedgeOptions } from "../../src/index.ts";

/** A hedge around a service that the test answers for. */
interface SetUp {
  readonly clock: VirtualClock;
  readonly layer: HedgeLayer<string>;
  readonly service: Service<string, string>;
  readonly handle: MockHandle<string, string>;
  /** The next so many attempts that have arrived inside. */
  readonly arrived: (count: number) => Promise<MockRequest<string, string>[]>;
}

export function setUp(options: Partial<HedgeOptions<string>> = {}): SetUp {
  const clock = new VirtualClock();
  const layer = hedge<string>({ delay: 100, clock, ...options });
  const [inner, handle] = mockService<string, string>();
  const service = new ServiceBuilder().layer(layer).service(inner);
  return {
    clock,
    layer,
    service,
    handle,
    async arrived(count) {
      const requests: MockRequest<string, string>[] = [];
      for (let nth = 0; nth < count; nth++) requests.push(await handle.nextRequest());
      return requests;
    },
  };
}

/** The outcome of a promise that has settled, or "pending". */
export async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  const pending = Symbol("pending");
  for (let microtask = 0; microtask < 20; microtask++) await Promise.resolve();
  const first = await Promise.race([promise.catch((error: unknown) => ({ failed: error })), Promise.resolve(pending)]);
  return first === pending ? "pending" : first;
}
