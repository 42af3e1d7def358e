import type { Permit, ReadyOptions } from "@sluice/core";

/** How a balancer finds an endpoint for a request. */
export interface Chooser {
  /** As `tryReady`. */
  tryReady(request: unknown): Permit<any, any, any> | undefined;
  /** Waits for a permit, after `tryReady` returned none. Never throws; rejects. */
  wait(options: ReadyOptions<unknown>): Promise<Permit<any, any, any>>;
}
