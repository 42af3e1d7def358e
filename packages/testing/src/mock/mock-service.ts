import type { Service } from "@sluice/core";
import { stackService } from "@sluice/core/internal";
import type { MockHandle } from "./mock-handle.ts";
import { Mock } from "./mock.ts";

/**
 * Returns a service whose readiness and answers the test controls, and the handle that controls them.
 *
 * @example
 * const [inner, handle] = mockService<string, number>();
 * const service = new ServiceBuilder().layer(concurrencyLimit(1)).service(inner);
 * const answer = service.call("seven");
 * const { request, respond } = await handle.nextRequest();
 * respond(request.length);
 * await answer; // 5
 */
export function mockService<Req = any, Res = any, Err = never>(): [Service<Req, Res, Err>, MockHandle<Req, Res>] {
  const mock = new Mock<Req, Res>();
  return [stackService(mock), mock];
}
