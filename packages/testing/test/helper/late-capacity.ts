import { type AnyLayer, type Clock, layerFn, type Permit, type ReadyOptions, Semaphore, Service } from "@sluice/core";
import { raced } from "./broken-services.ts";

/** A limit whose places come from elsewhere: they are asked for at birth, and are there a while later. */
export class LateLimit extends Semaphore {
  /** Kept when the places are there. */
  readonly arrived: Promise<void>;

  constructor(max: number, clock: Clock) {
    super(0, { clock });
    this.arrived = new Promise((resolve) => {
      clock.setTimeout(() => {
        this.max = max;
        resolve();
      }, 20);
    });
  }
}

type Inner = Service<unknown, unknown>;

/** Has no room until a connection is there, which is made when it is first asked for: in a few microtasks, or by and by on a clock. */
export function warming(clock?: Clock): AnyLayer {
  let connected = false;
  let made: Promise<void> | undefined;
  const make = (): Promise<void> =>
    (made ??= new Promise<void>((resolve) => {
      if (clock === undefined) resolve();
      else clock.setTimeout(resolve, 20);
    }).then(() => {
      connected = true;
    }));
  return layerFn(
    "warming",
    (inner: Inner) =>
      new (class extends Service<unknown, unknown> {
        override tryReady(request?: unknown): Permit<unknown, unknown> | undefined {
          if (connected) return inner.tryReady(request);
          void make();
          return undefined;
        }

        override ready(options: ReadyOptions<unknown> = {}): Promise<Permit<unknown, unknown>> {
          if (options.signal?.aborted) return Promise.reject(options.signal.reason);
          return connected ? inner.ready(options) : raced(make(), options.signal).then(() => inner.ready(options));
        }
      })(),
  );
}
