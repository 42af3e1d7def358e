import { type Gate, type Lease, OverloadedError, type ReadyOptions, Semaphore } from "@sluice/core";

/** A limit for each request. */
class Limits {
  private readonly limits: Map<unknown, Semaphore> = new Map();
  private readonly max: number;

  constructor(max: number) {
    this.max = max;
  }

  of(request: unknown): Semaphore {
    const limit = this.limits.get(request) ?? new Semaphore(this.max);
    this.limits.set(request, limit);
    return limit;
  }
}

/** Does not look on which request its permits are spent. */
export class CarelessKeyedLimit implements Gate<unknown> {
  private readonly limits: Limits;

  constructor(max: number) {
    this.limits = new Limits(max);
  }

  tryAcquire(request?: unknown): Lease | undefined {
    return this.limits.of(request).tryAcquire();
  }

  acquire(options: ReadyOptions<unknown> = {}): Promise<Lease> {
    return this.limits.of(options.request).acquire(options);
  }
}

const nothing: Lease = { cancel() {}, finish() {} };

/** A permit that is spent on another request is exchanged; a blind one holds nothing until it is spent. */
export class KeyedLimit implements Gate<unknown> {
  private readonly limits: Limits;

  constructor(max: number) {
    this.limits = new Limits(max);
  }

  tryAcquire(request?: unknown): Lease | undefined {
    return request === undefined ? nothing : this.limits.of(request).tryAcquire();
  }

  acquire(options: ReadyOptions<unknown> = {}): Promise<Lease> {
    return options.request === undefined ? Promise.resolve(nothing) : this.limits.of(options.request).acquire(options);
  }

  admitted(granted: Lease, reservedFor?: unknown): Lease {
    let lease = granted;
    return {
      cancel: () => {
        lease.cancel();
      },
      start: (request) => {
        if (Object.is(request, reservedFor)) return;
        lease.cancel();
        lease = nothing;
        const other = this.limits.of(request).tryAcquire();
        if (other === undefined) throw new OverloadedError("keyed");
        lease = other;
      },
      finish: (outcome) => {
        lease.finish(outcome);
      },
    };
  }
}
