import type { Permit, ReadyOptions } from "@sluice/core";
import { LinkedList } from "@sluice/core/kit";
import type { Endpoint } from "./endpoint.ts";
import { type Guide, Waiter } from "./waiter.ts";

/** How many waiters besides the oldest are considered for room at an endpoint. */
const looks = 8;

/** The set of endpoints, for waiters. */
export interface Room {
  /** All endpoints. */
  readonly all: readonly Endpoint[];
  /** Endpoints whose readiness has failed. */
  readonly failing: Set<Endpoint>;
  /** Whether an endpoint may be used: it was neither deleted nor ejected. */
  mayUse(endpoint: Endpoint): boolean;
  /** An endpoint, or the one that has taken its place with the same service: they share their room. Undefined where there is none. */
  current(endpoint: Endpoint): Endpoint | undefined;
}

/** All waiting callers, in the order in which they came. Joining and leaving take constant time. */
export class Waiting {
  /** The set of endpoints, which is made after this. */
  room!: Room;
  /** At how many endpoints a caller waits. */
  readonly lines: number;
  private readonly waiters = new LinkedList<Waiter>();
  private readonly roams: boolean;
  /** The waiter besides the first that is considered next. */
  private turn: Waiter | undefined = undefined;

  /**
   * @param lines at how many endpoints a caller waits
   * @param roams whether a waiter may join further endpoints that may have room
   */
  constructor(lines: number, roams: boolean) {
    this.lines = lines;
    this.roams = roams;
  }

  get size(): number {
    return this.waiters.size;
  }

  /** Waits for a permit. Never throws. */
  join(options: ReadyOptions<unknown>, guide: Guide): Promise<Permit<any, any, any>> {
    return new Promise((resolve, reject) => {
      const waiter = new Waiter(this, options, guide, resolve, reject);
      this.waiters.push(waiter);
      waiter.begin();
    });
  }

  /** @internal a waiter has been served or has failed */
  leave(waiter: Waiter): void {
    if (this.turn === waiter) this.turn = waiter.next;
    this.waiters.remove(waiter);
  }

  /**
   * There may be room at an endpoint: offers it to a waiter that does not wait there, so that waiters at endpoints that hang do not wait for
   * ever. To the oldest, or else to one of the others, in turn. The oldest is also sent to an endpoint that has failed.
   */
  left(where: Endpoint): void {
    const { first } = this.waiters;
    if (first === undefined || !this.roams) return;
    this.sendOn(first);
    const endpoint = this.room.current(where);
    if (endpoint === undefined || !this.room.mayUse(endpoint)) return;
    let waiter: Waiter = first;
    // In turn, the first comes up once more.
    for (let look = 0; look <= looks && look <= this.waiters.size; look++) {
      if (!waiter.standsAt(endpoint)) {
        waiter.offer(endpoint);
        return;
      }
      waiter = this.turn ?? first;
      this.turn = waiter.next;
    }
  }

  /** Offers an endpoint that is new, or is used again, to all waiters. */
  added(endpoint: Endpoint): void {
    for (let waiter = this.waiters.first; waiter !== undefined; waiter = waiter.next) {
      if (!this.roams) waiter.wake();
      else if (!waiter.standsAt(endpoint)) waiter.offer(endpoint);
    }
  }

  deleted(endpoint: Endpoint): void {
    for (let waiter = this.waiters.first; waiter !== undefined; waiter = waiter.next) {
      if (waiter.standsAt(endpoint)) waiter.wake();
    }
  }

  /** Offers one of the endpoints that have failed, in turn, until there are callers in its line. */
  private sendOn(waiter: Waiter): void {
    const { failing } = this.room;
    for (const endpoint of failing) {
      failing.delete(endpoint);
      if (waiter.standsAt(endpoint) || !this.room.mayUse(endpoint)) continue;
      failing.add(endpoint);
      waiter.offer(endpoint);
      return;
    }
  }
}
