import type { Permit, Service } from "@sluice/core";

/** A permit of `service`, which must have one. */
export function permitOf<Req, Res, Err>(service: Service<Req, Res, Err>, request?: Req): Permit<Req, Res, Err> {
  const permit = service.tryReady(request);
  if (permit === undefined) throw new Error("The service is not ready.");
  return permit;
}
