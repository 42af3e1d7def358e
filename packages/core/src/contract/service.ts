import { abortReason } from "./abort-reason.ts";

/** What a caller may say about one call. Own enumerable members, so that `{ ...options, signal }` loses nothing. */
export interface CallOptions {
  /**
   * The caller no longer wants the answer. In line, the call rejects immediately; in flight, the signal is passed down, and the call settles
   * when the work does.
   */
  readonly signal?: AbortSignal | undefined;
  /** An answer later than this is of no use: a time of the clock in milliseconds, such as `performance.now() + 500`. Default: none. */
  readonly deadline?: number | undefined;
  /** For layers that answer before their work has ended: registers work that continues, so that outer limits count it. */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined;
}

/**
 * The {@link CallOptions} as handlers and the functions of layers receive them. Pass them on as a whole: `fetch(url, options)`, or
 * `fetch(url, { ...options, method })`. Under `exactOptionalPropertyTypes` a single `signal` may be undefined, which `fetch` does not take.
 */
export interface HandlerOptions extends CallOptions {
  readonly signal?: AbortSignal;
  readonly deadline?: number;
  readonly waitUntil?: (work: Promise<unknown>) => void;
}

/** What a caller may say when it asks for readiness. */
export interface ReadyOptions<out Req = unknown> {
  /** The request the permit is for. Without it the reservation is blind. */
  readonly request?: Req | undefined;
  /** On abort the caller leaves the line immediately, and `ready` rejects with `signal.reason` itself. */
  readonly signal?: AbortSignal | undefined;
  /** In the clock's milliseconds: do not wait for what cannot be had by then. */
  readonly deadline?: number | undefined;
}

/** Capacity for exactly one call, at every point of the stack below it. */
export interface Permit<in Req, out Res, out Err = unknown> extends Disposable {
  /**
   * Spends the permit. Never throws: it rejects, also with {@link PermitSpentError} when the permit was called or released
   * before, and with `signal.reason` (it releases the permit) when the signal is already aborted.
   */
  call(request: Req, options?: CallOptions): Promise<Res>;
  /** Releases the permit, unused. A second time, and after a call, it does nothing. */
  release(): void;
  /** Carries `Err` in the types; never there at run time. */
  readonly "~failure"?: (() => Err) | undefined;
}

/** What a call without options is given. */
export const noOptions: CallOptions = Object.freeze({});

/**
 * Turns a request into a response, and reports before that whether it can.
 *
 * `Err` is the union of the failures that a stack is known to raise; it has no value at run time. Undeclared errors and abort reasons are
 * not part of it.
 */
export abstract class Service<in Req, out Res, out Err = unknown> {
  /** Carries `Err` in the types; never there at run time. */
  declare readonly "~failure"?: (() => Err) | undefined;

  /** Reserves now or not at all: a permit, or undefined at capacity. Never waits. Throws what `ready` would reject with. */
  abstract tryReady(request?: Req): Permit<Req, Res, Err> | undefined;

  /** Waits in line for a permit. Rejects with `signal.reason` when the signal aborts, and with failures of readiness. */
  abstract ready(options?: ReadyOptions<Req>): Promise<Permit<Req, Res, Err>>;

  /** Waits for readiness, then calls. Never throws: it rejects. */
  call(request: Req, options: CallOptions = noOptions): Promise<Res> {
    try {
      if (options.signal?.aborted) return Promise.reject(abortReason(options.signal));
      const permit = this.tryReady(request);
      if (permit !== undefined) return permit.call(request, options);
      const { signal, deadline } = options;
      return this.ready({ request, signal, deadline }).then((granted) => {
        // The abort may have come between the grant and now.
        if (!signal?.aborted) return granted.call(request, options);
        granted.release();
        throw abortReason(signal);
      });
    } catch (error) {
      return Promise.reject(error);
    }
  }
}

/** Any service at all: what type parameters are held to. */
export type AnyService = Service<never, unknown, unknown>;

/** The request a service takes. Of a union of services, what each of them takes. */
export type RequestOf<S> = [S] extends [Service<infer Req, infer _Res, infer _Err>] ? Req : never;
/** The response a service gives. */
export type ResponseOf<S> = S extends Service<infer _Req, infer Res, infer _Err> ? Res : never;
/** The failures a service is known to raise. */
export type FailureOf<S> = S extends Service<infer _Req, infer _Res, infer Err> ? Err : never;
