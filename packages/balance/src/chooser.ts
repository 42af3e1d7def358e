import type { Permit, ReadyOptions } from "@sluice/core";

/** How a balancer finds an endpoint for a request. */
export interface Chooser {
  /** As `tryReady`. */
  tryReady(request: unknown): Permit<any, any, any> | undefined;
  /** Waits for a permit that cannot be had now. Never throws. */
  wait(options: ReadyOptions<unknown>): Promise<Permit<any, any, any>>;
}
