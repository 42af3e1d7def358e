import { Service } from "@sluice/core";

/** A service whose readiness fails. */
export class Failing extends Service<string, string> {
  asked = 0;
  private readonly reason: unknown;
  constructor(reason: unknown) {
    super();
    this.reason = reason;
  }
  override tryReady(): never {
    this.asked++;
    throw this.reason;
  }
  override ready(): Promise<never> {
    return Promise.reject(this.reason);
  }
}
