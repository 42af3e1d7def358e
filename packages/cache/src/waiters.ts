import type { Asker } from "@sluice/core/internal";
import type { Flight } from "./flight.ts";
import { Waiter } from "./waiter.ts";

/** Those who wait for the service inside, by their keys. When somebody's flight begins, all who wait for its key have a seat in it. */
export class Waiters {
  private readonly byKey: Map<unknown, Set<Waiter>> = new Map();

  /** Somebody begins to wait. */
  join(key: unknown, asker: Asker): Waiter {
    const waiter = new Waiter(asker);
    const others = this.byKey.get(key);
    if (others === undefined) this.byKey.set(key, new Set([waiter]));
    else others.add(waiter);
    return waiter;
  }

  /** It waits no more: it was granted something inside, or refused. */
  part(key: unknown, waiter: Waiter): void {
    waiter.leave();
    const others = this.byKey.get(key);
    if (others?.delete(waiter) && others.size === 0) this.byKey.delete(key);
  }

  /** A flight begins. */
  board(flight: Flight): void {
    const all = this.byKey.get(flight.key);
    if (all === undefined) return;
    this.byKey.delete(flight.key);
    for (const waiter of all) waiter.board(flight);
  }
}
