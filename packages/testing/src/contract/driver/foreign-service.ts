import { type Permit, type ReadyOptions, Service } from "@sluice/core";

/** A service as somebody else would write it: what is ours is known to layers, and met without permits. */
export class ForeignService extends Service<unknown, unknown> {
  private readonly inner: Service<unknown, unknown>;

  constructor(inner: Service<unknown, unknown>) {
    super();
    this.inner = inner;
  }

  override tryReady(request?: unknown): Permit<unknown, unknown> | undefined {
    return this.inner.tryReady(request);
  }

  override ready(options?: ReadyOptions<unknown>): Promise<Permit<unknown, unknown>> {
    return this.inner.ready(options);
  }
}
