import { type AnyLayer, type CallOptions, layerFn, type Permit, type ReadyOptions, Service } from "@sluice/core";

type Inner = Service<unknown, unknown>;

/** What a layer written by hand may do otherwise than to hand everything on. */
export interface Ways {
  readonly tryReady?: (inner: Inner, request: unknown) => Permit<unknown, unknown> | undefined;
  readonly ready?: (inner: Inner, options: ReadyOptions<unknown>) => Promise<Permit<unknown, unknown>>;
  readonly call?: (
    next: (options?: CallOptions) => Promise<unknown>,
    options: CallOptions,
    request: unknown,
    inner: Inner,
  ) => Promise<unknown>;
  readonly release?: (release: () => void) => void;
  /** Its permits can be used as often as one likes. */
  readonly again?: boolean;
}

/** A layer of plain services and permits, that hands on what `ways` does not do otherwise. */
export function wrapped(ways: Ways): AnyLayer {
  return layerFn("wrapped", (inner) => new Wrapped(inner, ways));
}

class Wrapped extends Service<unknown, unknown> {
  private readonly inner: Inner;
  private readonly ways: Ways;

  constructor(inner: Inner, ways: Ways) {
    super();
    this.inner = inner;
    this.ways = ways;
  }

  override tryReady(request?: unknown): Permit<unknown, unknown> | undefined {
    const { tryReady } = this.ways;
    const permit = tryReady === undefined ? this.inner.tryReady(request) : tryReady(this.inner, request);
    return permit && this.around(permit);
  }

  override ready(options: ReadyOptions<unknown> = {}): Promise<Permit<unknown, unknown>> {
    // Where a permit is there, that is one microtask, as it is inside.
    if (this.ways.ready !== undefined) {
      return this.ways.ready(this.inner, options).then((permit) => this.around(permit));
    }
    return new Promise((resolve, reject) => {
      try {
        const permit = options.signal?.aborted ? undefined : this.tryReady(options.request);
        if (permit !== undefined) resolve(permit);
        else
          this.inner.ready(options).then((late) => {
            resolve(this.around(late));
          }, reject);
      } catch (error) {
        reject(error);
      }
    });
  }

  private around(permit: Permit<unknown, unknown>): Permit<unknown, unknown> {
    const { again, call, release } = this.ways;
    const { inner } = this;
    let used = false;
    const giveBack = (): void => {
      if (used && !again) return;
      used = true;
      if (release === undefined) permit.release();
      else
        release(() => {
          permit.release();
        });
    };
    return {
      call(request, options = {}) {
        const first = !used;
        used = true;
        const next = (passed: CallOptions = options): Promise<unknown> =>
          again && !first ? inner.call(request, passed) : permit.call(request, passed);
        return call === undefined || options.signal?.aborted || (!first && !again)
          ? next()
          : call(next, options, request, inner);
      },
      release: giveBack,
      [Symbol.dispose]: giveBack,
    };
  }
}

/** What `ready` answers with at once: so readiness that is there costs no microtask. */
export function readyNow(
  service: Inner,
  { request, signal }: ReadyOptions<unknown>,
): Promise<Permit<unknown, unknown>> | undefined {
  if (signal?.aborted) return Promise.reject(signal.reason);
  try {
    const permit = service.tryReady(request);
    return permit && Promise.resolve(permit);
  } catch (error) {
    return Promise.reject(error);
  }
}
