import { type Permit, type ReadyOptions, Service } from "@sluice/core";

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

/** A service whose readiness fails until its door is open. */
export class Door extends Service<string, string> {
  private readonly inside: Service<string, string>;
  private readonly door: { readonly isOpen: boolean };

  constructor(inside: Service<string, string>, door: { readonly isOpen: boolean }) {
    super();
    this.inside = inside;
    this.door = door;
  }
  override tryReady(request?: string): Permit<string, string> | undefined {
    if (!this.door.isOpen) throw new Error("closed");
    return this.inside.tryReady(request);
  }
  override ready(options?: ReadyOptions<string>): Promise<Permit<string, string>> {
    return this.door.isOpen ? this.inside.ready(options) : Promise.reject(new Error("closed"));
  }
}
