import type { Service } from "@sluice/core";
import { requireService } from "@sluice/core/kit";

/**
 * Whether a request would be let in now. What this reserves is released at once. For a readiness probe: `false` says that the next request
 * is refused, or has to wait; a failure of readiness is `false`, too. A stack that absorbs readiness (`answerFailures`, `loadShed`) is always
 * ready: ask about what is inside it.
 *
 * @example
 * if (!isReady(reports)) return problemResponse({ status: 503 });
 *
 * @param request the request that is asked about; default any
 * @throws TypeError when `service` is no service
 */
export function isReady<Req>(service: Service<Req, unknown>, request?: Req): boolean {
  requireService("isReady", "service", service);
  try {
    const permit = service.tryReady(request);
    permit?.release();
    return permit !== undefined;
  } catch {
    return false;
  }
}
