import { abortReason } from "./abort-reason.ts";

/** What a caller may say about one call. Own enumerable members, so that `{ ...options, signal }` loses nothing. */
export interface CallOptions {
  /** The caller no longer wants the answer. Passed down as it is; the call still settles when the work does. */
  readonly signal?: AbortSignal | undefined;
  /** In the clock's milliseconds: an answer later than this is of no use. */
  readonly deadline?: number | undefined;
  /** For layers that answer before their work is over: the answer is out, this work is still going on. */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined;
}

/**
 * The {@link CallOptions} as handlers and the functions of layers receive them: a member that is there has a value, in the types. So
 * `fetch(url, options)` and `fetch(url, { ...options, method })` compile also under `exactOptionalPropertyTypes`.
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
  /** Leaves the line at once; `ready` then rejects with `signal.reason` itself. */
  readonly signal?: AbortSignal | undefined;
  /** In the clock's milliseconds: do not wait for what cannot be had by then. */
  readonly deadline?: number | undefined;
}

/** Capacity for exactly one call, at every point of the stack below it. */
export interface Permit<in Req, out Res, out Err = unknown> extends Disposable {
  /**
   * Spends the permit. Never throws: it rejects, also with {@link PermitSpentError} when the permit was spent or given
   * back before, and with `signal.reason` (giving the permit back) when the signal is aborted already.
   */
  call(request: Req, options?: CallOptions): Promise<Res>;
  /** Gives the permit back, unused. The second time, and after a call, it does nothing. */
  release(): void;
  /** Carries `Err` in the types; never there at run time. */
  readonly "~failure"?: (() => Err) | undefined;
}

/** What a call without options is given. */
export const noOptions: CallOptions = Object.freeze({});

/**
 * Turns a request into a response, and says before that whether it can.
 *
 * `Err` is the union of the failures a stack is known to raise; it has no value at run time. Errors that nobody
 * declared, and abort reasons, are outside it.
 */
export abstract class Service<in Req, out Res, out Err = unknown> {
  /** Carries `Err` in the types; never there at run time. */
  declare readonly "~failure"?: (() => Err) | undefined;

  /** Reserve now or not at all: a permit, or undefined at capacity. Never waits. Throws what `ready` would reject with. */
  abstract tryReady(request?: Req): Permit<Req, Res, Err> | undefined;

  /** Reserve, waiting in line. Rejects with `signal.reason` when the signal aborts, and with failures of readiness. */
  abstract ready(options?: ReadyOptions<Req>): Promise<Permit<Req, Res, Err>>;

  /** Wait for readiness, then call. Never throws: it rejects. */
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

/** The request a service takes. */
export type RequestOf<S> = S extends Service<infer Req, infer _Res, infer _Err> ? Req : never;
/** The response a service gives. */
export type ResponseOf<S> = S extends Service<infer _Req, infer Res, infer _Err> ? Res : never;
/** The failures a service is known to raise. */
export type FailureOf<S> = S extends Service<infer _Req, infer _Res, infer Err> ? Err : never;
