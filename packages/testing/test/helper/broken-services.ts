import { type AnyLayer, type CallOptions, type Permit, type ReadyOptions, Service, systemClock } from "@sluice/core";
import type { VirtualClock } from "../../src/index.ts";
import { wrapped } from "./wrapped.ts";

type Inner = Service<unknown, unknown>;

/** Settles when the signal aborts, whatever the work does; and leaves no listener. */
export function raced(work: Promise<unknown>, signal: AbortSignal | undefined): Promise<unknown> {
  return new Promise((kept, failed) => {
    const abort = (): void => {
      failed(signal?.reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
    work.then(kept, failed).finally(() => signal?.removeEventListener("abort", abort));
  });
}

/** Looks at the signal only when it has been inside. */
export function eager(inner: Inner): Inner {
  return new (class extends Service<unknown, unknown> {
    override tryReady(request?: unknown): Permit<unknown, unknown> | undefined {
      return inner.tryReady(request);
    }

    override ready(options: ReadyOptions<unknown> = {}): Promise<Permit<unknown, unknown>> {
      const permit = inner.tryReady(options.request);
      if (permit === undefined) return inner.ready(options);
      if (!options.signal?.aborted) return Promise.resolve(permit);
      permit.release();
      return Promise.reject(options.signal.reason);
    }
  })();
}

/** One at a time; the next call is started by the one before, and so in its context. */
export function inTheWrongContext(inner: Inner): Inner {
  let running = false;
  const queue: (() => void)[] = [];
  const next = (): void => {
    running = false;
    queue.shift()?.();
  };
  const run = (request: unknown, options: CallOptions): Promise<unknown> => {
    running = true;
    return inner.call(request, options).finally(next);
  };
  const call = (request: unknown, options: CallOptions = {}): Promise<unknown> =>
    running
      ? new Promise((kept, failed) => {
          queue.push(() => void run(request, options).then(kept, failed));
        })
      : run(request, options);
  return new (class extends Service<unknown, unknown> {
    override tryReady(): Permit<unknown, unknown> {
      return { call, release() {}, [Symbol.dispose]() {} };
    }

    override ready(): Promise<Permit<unknown, unknown>> {
      return Promise.resolve(this.tryReady());
    }
  })();
}

/** Reserves for one request and calls with another. */
export function otherRequest(inner: Inner): Inner {
  const around = (permit: Permit<unknown, unknown>): Permit<unknown, unknown> => ({
    call: (request, options) => permit.call({ request }, options),
    release: () => {
      permit.release();
    },
    [Symbol.dispose]: () => {
      permit.release();
    },
  });
  return new (class extends Service<unknown, unknown> {
    override tryReady(request?: unknown): Permit<unknown, unknown> | undefined {
      const permit = inner.tryReady(request);
      return permit && around(permit);
    }

    override ready(options?: ReadyOptions<unknown>): Promise<Permit<unknown, unknown>> {
      return inner.ready(options).then(around);
    }
  })();
}

/** Sets its timers on the system's clock, though it has been given one. */
export function onAnotherClock({ clock }: { readonly clock: VirtualClock }): AnyLayer {
  return wrapped({
    call(next) {
      const timer = systemClock.setTimeout(() => clock.now(), 10);
      return next().finally(() => {
        systemClock.clearTimeout(timer);
      });
    },
  });
}
