import { type AnyLayer, gate, layerFn, type Permit, type ReadyOptions, Service } from "@sluice/core";
import { boom } from "./broken-layer.ts";
import { CarelessKeyedLimit } from "./keyed-limit.ts";

type Inner = Service<unknown, unknown>;

/** What becomes of a permit when it is spent. */
type Spend = (inner: Inner, permit: Permit<unknown, unknown>, reservedFor: unknown) => Permit<unknown, unknown>["call"];

class Routes extends Service<unknown, unknown> {
  private readonly inner: Inner;
  private readonly spend: Spend;

  constructor(inner: Inner, spend: Spend) {
    super();
    this.inner = inner;
    this.spend = spend;
  }

  override tryReady(request?: unknown): Permit<unknown, unknown> | undefined {
    const permit = this.inner.tryReady(request);
    return permit && this.around(permit, request);
  }

  override ready(options: ReadyOptions<unknown> = {}): Promise<Permit<unknown, unknown>> {
    return this.inner.ready(options).then((permit) => this.around(permit, options.request));
  }

  private around(permit: Permit<unknown, unknown>, request: unknown): Permit<unknown, unknown> {
    const release = (): void => {
      permit.release();
    };
    return { call: this.spend(this.inner, permit, request), release, [Symbol.dispose]: release };
  }
}

/** A place for each request; who has one for another `waits` for the right one, or is refused with an error of its own. */
export function exchanging(how: "waits" | "refuses"): AnyLayer {
  return layerFn("routes", (service) => {
    const keyed = gate(new CarelessKeyedLimit(1), { name: "keyed" }).wrap(service as Inner);
    return new Routes(keyed, (inner, permit, reservedFor) => (request, options) => {
      if (Object.is(request, reservedFor)) return permit.call(request, options);
      permit.release();
      if (how === "waits") return inner.call(request, options);
      return inner.tryReady(request)?.call(request, options) ?? Promise.reject(boom);
    });
  });
}

/** Reserves for two routes where it is not told for which, and keeps both until the answer is there. */
export function keepingTheRest(): AnyLayer {
  return layerFn(
    "routes",
    (service) =>
      new Routes(service, (inner, permit, reservedFor) => {
        const rest = reservedFor === undefined ? inner.tryReady() : undefined;
        return (request, options) =>
          permit.call(request, options).finally(() => {
            rest?.release();
          });
      }),
  );
}
