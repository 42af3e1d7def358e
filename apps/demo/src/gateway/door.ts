import { type Gate, type Lease, OverloadedError } from "@sluice/core";

const lease: Lease = { cancel() {}, finish() {} };

/** Lets everybody in until it is shut: whoever is inside by then goes on, and newcomers are refused. */
export class Door implements Gate<unknown, OverloadedError> {
  readonly holds = "start";
  isOpen = true;

  tryAcquire(): Lease {
    if (!this.isOpen) throw new OverloadedError("door", { reason: "closed" });
    return lease;
  }

  async acquire(): Promise<Lease> {
    return this.tryAcquire();
  }
}
