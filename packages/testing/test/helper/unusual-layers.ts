import {
  type AnyLayer,
  type CallOptions,
  layerFn,
  type Permit,
  PermitSpentError,
  type ReadyOptions,
  Service,
} from "@sluice/core";
import type { VirtualClock } from "../../src/index.ts";
import { stacked } from "./stacked.ts";
import { readyNow, wrapped } from "./wrapped.ts";

/** Asks a second time when an answer is slow in coming, where there is room for that; the first answer of the two counts. */
export function hedge(clock: VirtualClock, ms: number): AnyLayer {
  return wrapped({
    call: (next, options, request, inner) =>
      new Promise((resolve, reject) => {
        const works: Promise<unknown>[] = [];
        let failures = 0;
        const end = (settle: () => void): void => {
          clock.clearTimeout(timer);
          // The one that lost goes on, and those outside wait for it.
          if (works.length > 1) options.waitUntil?.(Promise.allSettled(works));
          settle();
        };
        const attempt = (work: Promise<unknown>): void => {
          works.push(work);
          work.then(
            (answer) => {
              end(() => resolve(answer));
            },
            (reason: unknown) => {
              if (++failures === works.length) end(() => reject(reason));
            },
          );
        };
        let timer: unknown;
        const slow = new Promise<void>((due) => {
          timer = clock.setTimeout(due, ms);
        });
        void slow.then(() => {
          if (options.signal?.aborted) return;
          const permit = roomFor(inner, request);
          if (permit !== undefined) attempt(permit.call(request, options));
        });
        attempt(next());
      }),
  });
}

function roomFor(
  inner: { tryReady(request: unknown): Permit<unknown, unknown> | undefined },
  request: unknown,
): Permit<unknown, unknown> | undefined {
  try {
    return inner.tryReady(request);
  } catch {
    return undefined;
  }
}

/** Answers by itself when the service inside fails, also when it fails to become ready. */
export function fallback(): AnyLayer {
  const answering = wrapped({
    call: (next, { signal }) =>
      next().catch((error: unknown) => {
        if (signal?.aborted) throw error;
        return "known";
      }),
  });
  return stacked(
    layerFn("fallback", (inner) => new AlwaysSomething(inner)),
    answering,
  );
}

class AlwaysSomething extends Service<unknown, unknown> {
  private readonly inner: Service<unknown, unknown>;

  constructor(inner: Service<unknown, unknown>) {
    super();
    this.inner = inner;
  }

  override tryReady(request?: unknown): Permit<unknown, unknown> | undefined {
    try {
      return this.inner.tryReady(request);
    } catch {
      return known();
    }
  }

  override ready(options: ReadyOptions<unknown> = {}): Promise<Permit<unknown, unknown>> {
    const waiting = (): Promise<Permit<unknown, unknown>> =>
      this.inner.ready(options).catch((error: unknown) => {
        if (options.signal?.aborted) throw error;
        return known();
      });
    return readyNow(this, options) ?? waiting();
  }
}

/** A permit that needs nobody. */
function known(): Permit<unknown, unknown> {
  let spent = false;
  const release = (): void => {
    spent = true;
  };
  return {
    call(_request: unknown, { signal }: CallOptions = {}) {
      if (spent) return Promise.reject(new PermitSpentError());
      spent = true;
      return signal?.aborted ? Promise.reject(signal.reason) : Promise.resolve("known");
    },
    release,
    [Symbol.dispose]: release,
  };
}
