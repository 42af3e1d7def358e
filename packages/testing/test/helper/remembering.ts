import { type AnyLayer, layerFn, type Permit, PermitSpentError, type ReadyOptions, Service } from "@sluice/core";
import { readyNow } from "./wrapped.ts";

type Inner = Service<unknown, unknown>;

/** Ready for what it knows the answer to, whatever the service inside says. Those who already wait for the same go on waiting. */
export function remembering(): AnyLayer {
  const known = new Map<unknown, unknown>();
  return layerFn("remembering", (inner) => new Remembering(inner, known));
}

class Remembering extends Service<unknown, unknown> {
  private readonly inner: Inner;
  private readonly known: Map<unknown, unknown>;

  constructor(inner: Inner, known: Map<unknown, unknown>) {
    super();
    this.inner = inner;
    this.known = known;
  }

  override tryReady(request?: unknown): Permit<unknown, unknown> | undefined {
    const permit = this.known.has(request) ? undefined : this.inner.tryReady(request);
    return this.known.has(request) || permit !== undefined ? this.around(permit, request) : undefined;
  }

  override ready(options: ReadyOptions<unknown> = {}): Promise<Permit<unknown, unknown>> {
    return readyNow(this, options) ?? this.inner.ready(options).then((permit) => this.around(permit, options.request));
  }

  private around(permit: Permit<unknown, unknown> | undefined, reservedFor: unknown): Permit<unknown, unknown> {
    let spent = false;
    const release = (): void => {
      if (!spent) permit?.release();
      spent = true;
    };
    return {
      call: (request, options) => {
        if (spent) return Promise.reject(new PermitSpentError());
        spent = true;
        if (options?.signal?.aborted) {
          permit?.release();
          return Promise.reject(options.signal.reason);
        }
        if (permit === undefined) {
          if (Object.is(request, reservedFor)) return Promise.resolve(this.known.get(request));
          return this.inner.call(request, options);
        }
        const answer = permit.call(request, options);
        answer.then(
          (response) => this.known.set(request, response),
          () => {},
        );
        return answer.then();
      },
      release,
      [Symbol.dispose]: release,
    };
  }
}
