import type { Asker, Entrance } from "../stack/asker.ts";
import { nothing, type Reservation } from "../stack/reservation.ts";

/** A place in a gate of ours: what the layer makes of it is its reservation. */
export interface Grant extends Reservation<any> {
  /** What is reserved further inside. */
  inner: Reservation;
  /** Gives it back before it was reserved: there was no room further inside. Never throws. */
  release(used: false): void;
}

/** Gives back a grant that is reserved, and what is reserved further inside first. Does nothing where it was spent or given back already. */
export function cancelGrant(reservation: Reservation<any>): void {
  const grant = reservation as Grant;
  const { inner } = grant;
  if (inner === nothing) return;
  grant.inner = nothing;
  inner.cancel();
  grant.release(false);
}

/** How the layer of a gate asks one of ours: for slots instead of leases. */
export interface SlotSource<Gate> {
  /** As `tryAcquire`. */
  readonly trySlot: (gate: Gate, request: unknown) => Grant | undefined;
  /** Has `asker` wait in the gate's own line. False where it has none: then it is asked by `acquire`. */
  readonly waitIn?: ((gate: Gate, asker: Asker, entrance: Entrance<Grant>) => boolean) | undefined;
}

/** The public methods that a source stands for. */
interface Methods {
  readonly tryAcquire: object;
  readonly acquire: object;
}

const sources = new WeakMap<object, { readonly acquire: object; readonly source: SlotSource<any> }>();

/**
 * Has all gates that inherit the methods of `prototype` asked by the source that `make` gives. Called when a gate is made, and not when a module is
 * loaded, or a bundler would keep the gates that are not used.
 */
export function giveSlots<Gate extends Methods>(prototype: Gate, make: () => SlotSource<Gate>): void {
  const { tryAcquire, acquire } = prototype;
  if (!sources.has(tryAcquire)) sources.set(tryAcquire, { acquire, source: make() });
}

/**
 * How to ask `gate` for slots. Undefined where it has none, and where a subclass, a test or another copy of this package has other
 * methods: then it is asked by those.
 */
export function slotSourceOf<Gate extends Methods>(gate: Gate): SlotSource<Gate> | undefined {
  const found = sources.get(gate.tryAcquire);
  return found?.acquire === gate.acquire ? found.source : undefined;
}
