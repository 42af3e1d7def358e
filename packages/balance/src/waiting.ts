import type { Permit, ReadyOptions } from "@sluice/core";
import { LinkedList } from "@sluice/core/kit";
import type { Endpoint } from "./endpoint.ts";
import { type Guide, Waiter } from "./waiter.ts";

/** How many waiters are looked at for one to take over a place, beside the one who has waited for longest. */
const looks = 8;

/** Where waiters go. */
export interface Room {
  /** Whether there is no endpoint at all. */
  readonly isEmpty: boolean;
}

/** All callers who wait, in the order in which they came. Joining and leaving take constant time. */
export class Waiting {
  /** In how many lines a waiter stands. */
  readonly lines: number;
  private readonly waiters = new LinkedList<Waiter>();
  private readonly room: Room;
  private readonly roams: boolean;
  /** Who is offered a place next, beside the first. */
  private turn: Waiter | undefined = undefined;

  /**
   * @param lines in how many lines a waiter stands
   * @param roams whether it may join others where there may be room
   */
  constructor(room: Room, lines: number, roams: boolean) {
    this.room = room;
    this.lines = lines;
    this.roams = roams;
  }

  get size(): number {
    return this.waiters.size;
  }

  get isEmpty(): boolean {
    return this.room.isEmpty;
  }

  /** Waits for a permit. Never throws. */
  join(options: ReadyOptions<unknown>, guide: Guide): Promise<Permit<any, any, any>> {
    return new Promise((resolve, reject) => {
      const waiter = new Waiter(this, options, guide, resolve, reject);
      waiter.follow();
      this.waiters.push(waiter);
      waiter.begin();
    });
  }

  /** @internal a waiter waits no more */
  leave(waiter: Waiter): void {
    if (this.turn === waiter) this.turn = waiter.next;
    this.waiters.remove(waiter);
  }

  /**
   * There may be room at `endpoint`: somebody who does not stand there may join it. Or those who wait for endpoints that hang would wait for
   * ever. The one who has waited for longest, or else one of the next ones, who take turns.
   */
  left(endpoint: Endpoint): void {
    const { first } = this.waiters;
    if (first === undefined || !this.roams || endpoint.deleted) return;
    let waiter: Waiter = first;
    for (let look = 0; look <= looks && look < this.waiters.size; look++) {
      if (!waiter.standsAt(endpoint)) {
        waiter.offer(endpoint);
        return;
      }
      waiter = this.turn ?? first;
      this.turn = waiter.next;
    }
  }

  /** All who wait are asked whether they want it. */
  added(endpoint: Endpoint): void {
    for (let waiter = this.waiters.first; waiter !== undefined; waiter = waiter.next) {
      if (this.roams) waiter.offer(endpoint);
      else waiter.wake();
    }
  }

  deleted(endpoint: Endpoint): void {
    for (let waiter = this.waiters.first; waiter !== undefined; waiter = waiter.next) {
      if (waiter.standsAt(endpoint)) waiter.wake();
    }
  }
}
