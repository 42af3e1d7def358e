/** A layer, in a type that needs no package, so that core's tests can use it. */
export interface AnyLayer {
  readonly name: string;
  wrap(inner: never): unknown;
}

interface Clock {
  now(): number;
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(handle: unknown): void;
}

/** Random numbers for a layer; the shape decides what they mean. */
export interface Draw {
  /** 1 to 3. */
  readonly size: number;
  /** 1 to 40. */
  readonly ms: number;
}

/** A random layer, and how to see that it is at rest. */
export interface DrawnLayer {
  readonly layer: AnyLayer;
  /** How much is held, waits or runs in it: 0 at rest. */
  readonly held?: () => number;
  /** The most calls that may run inside at the same time. */
  readonly max?: number | undefined;
}

/**
 * One shape of a layer. Requests and responses are strings. Tests of all packages use `calm` and `drawn`: a shape without one of them is
 * left out of those tests.
 */
export interface LayerShape {
  /**
   * A layer that changes no request or response: any stack of such layers answers as the service inside. It has room for `room` calls at
   * the same time, and for as many in a second.
   */
  readonly calm?: (clock: Clock, room: number) => AnyLayer;
  /** A layer of any size, which may change requests and responses, fail, and answer early. It fails with {@link Transient}. */
  readonly drawn?: (draw: Draw, clock: Clock) => DrawnLayer;
  /** It returns the promise of the service inside itself. */
  readonly observes?: boolean;
  /** It is ready also when the service inside is not. */
  readonly absorbs?: boolean;
  /** It refuses calls that would have to wait. */
  readonly sheds?: boolean;
  /** The work inside begins in a later turn than the call. */
  readonly defers?: boolean;
  /** Its permit may hold no reservation inside, for instance where it answers for a failure of readiness. */
  readonly answers?: boolean;
  /** Its permit also reserves another service. */
  readonly joins?: boolean;
  /** One outer call may be several calls inside, one after the other. */
  readonly repeats?: boolean;
  /** Why it cannot be seen from outside whether it is at rest, or how much room it has. */
  readonly opaque?: string;
}

/** The layers that a package makes, by name and shape: `"rateLimit, token bucket"`. Each package has them in `test/layers.ts`. */
export type LayerShapes = Readonly<Record<string, LayerShape>>;

/** Held permits and waiting callers, which most layers count. */
export function heldBy({ active, waiting }: { readonly active: number; readonly waiting: number }): number {
  return active + waiting;
}

/** The failure of calls that are retried. */
export class Transient extends Error {
  readonly code = "TRANSIENT";
}
