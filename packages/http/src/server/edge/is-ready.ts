import type { Service } from "@sluice/core";
import { requireService } from "@sluice/core/kit";

/**
 * Whether a request would be admitted now, for a readiness probe. It reserves a permit and releases it immediately. `false`: the next
 * request would be refused or have to wait, or readiness fails. A stack that absorbs readiness (`answerFailures`, `loadShed`) is always
 * ready: ask the service inside it.
 *
 * @example
 * if (!isReady(reports)) return problemResponse({ status: 503 });
 *
 * @param request the request to ask for; default any
 * @throws TypeError when `service` is not a service
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
