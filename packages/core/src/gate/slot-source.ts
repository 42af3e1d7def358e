import type { Asker, Entrance } from "../stack/asker.ts";
import type { Slot } from "./slot.ts";

/** How the layer of a gate asks one of ours: for slots instead of leases. */
export interface SlotSource<Gate> {
  /** As `tryAcquire`. */
  readonly trySlot: (gate: Gate, request: unknown) => Slot | undefined;
  /** Has `asker` wait in the gate's own line. False where it has none: then it is asked by `acquire`. */
  readonly waitIn?: ((gate: Gate, asker: Asker, entrance: Entrance<Slot>) => boolean) | undefined;
}

/** The public methods that a source stands for. */
interface Methods {
  readonly tryAcquire: object;
  readonly acquire: object;
}

const sources = new WeakMap<object, { readonly acquire: object; readonly source: SlotSource<any> }>();

/** Has all gates that inherit the methods of `prototype` asked by `source`. */
export function giveSlots<Gate extends Methods>(prototype: Gate, source: SlotSource<Gate>): void {
  sources.set(prototype.tryAcquire, { acquire: prototype.acquire, source });
}

/**
 * How to ask `gate` for slots. Undefined where it has none, and where a subclass, a test or another copy of this package has other
 * methods: then it is asked by those.
 */
export function slotSourceOf<Gate extends Methods>(gate: Gate): SlotSource<Gate> | undefined {
  const found = sources.get(gate.tryAcquire);
  return found?.acquire === gate.acquire ? found.source : undefined;
}
