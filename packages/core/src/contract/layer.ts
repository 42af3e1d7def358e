import type { About } from "./about.ts";
import type { Apply, EitherOf, Fits, Keeps, Kind } from "./kind.ts";
import type { AnyService } from "./service.ts";

/**
 * A function from service to service, with a name. A layer value owns its state (a semaphore, a rate, a buffer's slots),
 * shared by every service it wraps, and that is where its counters and controls are.
 */
export interface Layer<out K extends Kind = Keeps> {
  /** The name of the function that makes such layers, such as `"concurrencyLimit"`. */
  readonly name: string;
  /**
   * What this layer holds on behalf of its callers, if anything: it may stand in a stack only once. A layer whose state has a name says
   * that here: a circuit breaker is `"open"`.
   */
  readonly state?: object | string | undefined;
  /** What this layer says of itself, for tools that show or judge a stack. */
  readonly about?: About | undefined;
  /** The service with this layer around it. */
  wrap<S extends AnyService>(inner: S & Fits<Apply<K, S>>): Apply<K, S>;
  /** Its name, its label and what it counts, so that `JSON.stringify` and loggers can take it. Layers of `layerFn` have it. */
  toJSON?(): Record<string, unknown>;
  /** Carries `K` in the types; never there at run time. */
  readonly "~kind"?: K | undefined;
}

/** Any layer at all: what type parameters are held to. */
export type AnyLayer = Layer<any>;

/** What a layer does to types. */
export type KindOf<L> = L extends { readonly "~kind"?: infer K } ? Extract<K, Kind> : never;

/** What a layer that may be left out (undefined) does to types. */
export type KindOfOptional<L> = [L] extends [undefined]
  ? Keeps
  : undefined extends L
    ? EitherOf<KindOf<Exclude<L, undefined>>, Keeps>
    : KindOf<L>;
