import { type Permit, type ReadyOptions, Service } from "@sluice/core";

/** A service as an author outside core writes it. Layers use it through its permits; services of core they use as stacks. */
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
