import { type Gate, type Lease, type ReadyOptions, Semaphore } from "@sluice/core";

/** A limit made of a limit: a lease of its own around each that the inner one grants. */
class WatchedLimit implements Gate<unknown> {
  protected readonly inner: Semaphore;

  constructor(max: number) {
    this.inner = new Semaphore(max);
  }

  tryAcquire(): Lease | undefined {
    return this.inner.tryAcquire();
  }

  acquire(options?: ReadyOptions<unknown>): Promise<Lease> {
    return this.inner.acquire(options);
  }
}

/** Hands on the inner promise, and says what is held instead in the turn of the grant. */
export class AdmittingLimit extends WatchedLimit {
  admitted(lease: Lease): Lease {
    return watched(lease);
  }
}

/** Wraps the inner promise: between the grant and the next line there is a microtask in which the inner line is not blocked. */
export class WrappingLimit extends WatchedLimit {
  override tryAcquire(): Lease | undefined {
    const lease = super.tryAcquire();
    return lease && watched(lease);
  }

  override acquire(options?: ReadyOptions<unknown>): Promise<Lease> {
    return super.acquire(options).then(watched);
  }
}

function watched(lease: Lease): Lease {
  return {
    cancel: () => {
      lease.cancel();
    },
    finish: (outcome) => {
      lease.finish(outcome);
    },
  };
}
