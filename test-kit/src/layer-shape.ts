/** A layer, in a type that needs no package: core's tests use this one, too. */
export interface AnyLayer {
  readonly name: string;
  wrap(inner: never): unknown;
}

interface Clock {
  now(): number;
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(handle: unknown): void;
}

/** What is drawn of a layer: numbers that mean what the shape makes of them. */
export interface Draw {
  /** 1 to 3. */
  readonly size: number;
  /** 1 to 40. */
  readonly ms: number;
}

/** A layer that was drawn, and how to see that it is at rest. */
export interface DrawnLayer {
  readonly layer: AnyLayer;
  /** All that is held, waits or runs in it: 0 at rest. */
  readonly held?: () => number;
  /** The most that may run inside at once. */
  readonly max?: number | undefined;
}

/**
 * One shape of a layer. Requests and responses are strings. `calm` and `drawn` are what tests of all packages make of it:
 * a shape without one of them is left out of those tests.
 */
export interface LayerShape {
  /**
   * One that changes nothing that passes: any stack of such answers as the service inside does. It has room for `room` calls
   * at once, and for as many in a second.
   */
  readonly calm?: (clock: Clock, room: number) => AnyLayer;
  /** One of any size, which may change what passes, fail, and answer early. It fails with {@link Transient}. */
  readonly drawn?: (draw: Draw, clock: Clock) => DrawnLayer;
  /** It hands on the very answer that it is given. */
  readonly observes?: boolean;
  /** It is ready whether the service inside is or not. */
  readonly absorbs?: boolean;
  /** It refuses what would have to wait. */
  readonly sheds?: boolean;
  /** The work inside begins in a later turn than the call. */
  readonly defers?: boolean;
  /** A permit of it may hold nothing inside: it answers for a failure of readiness, for instance. */
  readonly answers?: boolean;
  /** A permit of it holds another service, too. */
  readonly joins?: boolean;
  /** One call from outside may be several inside, one after the other. */
  readonly repeats?: boolean;
  /** Why nobody outside can tell whether it is at rest, or how much it has room for. */
  readonly opaque?: string;
}

/** The layers that a package makes, by name and shape: `"rateLimit, token bucket"`. Each package has them in `test/layers.ts`. */
export type LayerShapes = Readonly<Record<string, LayerShape>>;

/** How many somebody holds, and how many wait: what most layers count. */
export function heldBy({ active, waiting }: { readonly active: number; readonly waiting: number }): number {
  return active + waiting;
}

/** What calls fail with that are tried again. */
export class Transient extends Error {
  readonly code = "TRANSIENT";
}
