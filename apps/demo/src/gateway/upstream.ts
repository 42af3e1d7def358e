import { raises, type Service, serviceFn } from "@sluice/core";
import { currentTraceparent } from "@sluice/trace";
import type { Connections } from "./connections.ts";
import type { GatewayRequest } from "./gateway-request.ts";
import { UpstreamError } from "./upstream-error.ts";

/** A backend as a service: the innermost of each stack. Its own refusals (4xx) are answers, its errors are failures. */
export function upstream(connections: Connections, port: number): Service<GatewayRequest, Response, UpstreamError> {
  return serviceFn(async ({ method, id }: GatewayRequest, { signal }) => {
    const traceparent = currentTraceparent();
    const headers: Record<string, string> = traceparent === undefined ? {} : { traceparent };
    const path = `/?id=${encodeURIComponent(id)}`;
    let answer;
    try {
      answer = await connections.ask({ port, method, path, headers }, signal);
    } catch (cause) {
      // Who gave up knows why, and is told nothing else.
      if (signal?.aborted) throw signal.reason;
      throw new UpstreamError(undefined, { cause });
    }
    const { status, body } = answer;
    if (status >= 500) throw new UpstreamError(status);
    return new Response(body, { status, headers: { "content-type": "application/json" } });
  }, raises<UpstreamError>());
}
