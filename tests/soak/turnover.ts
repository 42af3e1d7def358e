import { type BufferLayer, buffer, isBufferClosedError } from "@sluice/buffer";
import { type Permit, type Service, ServiceBuilder } from "@sluice/core";
import { type ConcurrencyLimit, concurrencyLimit } from "@sluice/limit";
import { type BoxService, boxed } from "@sluice/util-box";
import { fault } from "./load.ts";
import { slotMeter } from "./meters.ts";
import type { Job, Operation } from "./operation.ts";
import { work, type Workplace } from "./work.ts";

export type Route = BoxService<Job, number>;
type Entrance = Service<Operation, number>;

/** A stack with a buffer that will be drained or closed, and replaced. */
interface Lane {
  readonly queue: BufferLayer;
  readonly limit: ConcurrencyLimit;
  readonly entrance: Entrance;
  closed: boolean;
  drained: "not asked" | "asked" | "done";
}

export const slots = { waiting: 4, running: 2 } as const;

/** Stacks that are replaced, each of which is also a route of a table. */
export class Turnover {
  /** How many were closed, how many drained, and how many of the latter closed before the end. */
  closes = 0;
  drains = 0;
  cuts = 0;
  private readonly place: Workplace;
  private readonly routes: Map<number, Route>;
  private readonly keys: readonly number[];
  private readonly enter: (route: Route) => Entrance;
  private readonly lanes = new Map<number, Lane>();
  private readonly retired = new Set<Lane>();

  /** @param enter wraps a route in the layers of a direct call */
  constructor(
    place: Workplace,
    routes: Map<number, Route>,
    keys: readonly number[],
    enter: (route: Route) => Entrance,
  ) {
    this.place = place;
    this.routes = routes;
    this.keys = keys;
    this.enter = enter;
    for (const key of keys) this.build(key);
  }

  get entrances(): Entrance[] {
    return [...this.lanes.values()].map(({ entrance }) => entrance);
  }

  /**
   * Ends one stack, and replaces it; sometimes its route is missing until the next time. `operation` is called with a permit that was in
   * hand, if there was one.
   */
  replace(operation: Operation): Promise<number> | undefined {
    const { place } = this;
    const key = this.keys[Math.floor(place.random() * this.keys.length)]!;
    const lane = this.lanes.get(key)!;
    const permit = lane.entrance.tryReady(operation);
    const closes = place.random() < 0.4;
    if (closes) this.close(lane);
    else this.drain(lane);
    this.retired.add(lane);
    this.build(key);
    if (place.random() < 0.1) this.routes.delete(key);
    return permit && this.spend(permit, operation, closes);
  }

  /** Draining stacks are sometimes closed meanwhile. */
  cutShort(): void {
    for (const lane of this.retired) {
      if (lane.drained !== "asked" || lane.closed || this.place.random() > 0.1) continue;
      this.cuts++;
      lane.closed = true;
      lane.queue.close();
    }
  }

  /** Expected and actual values, of the stacks in use and of the replaced ones, which are then removed. */
  atRest(): [name: string, is: number, should: number][] {
    const found: [string, number, number][] = [];
    for (const { queue, limit } of [...this.lanes.values(), ...this.retired]) {
      found.push(
        ["turnover: slots free", queue.available, slots.waiting],
        ["turnover: waiting in a buffer", queue.queued, 0],
        ["turnover: waiting for a slot", queue.waiting, 0],
        ["turnover: calls behind a buffer", queue.running, 0],
        ["turnover: the oldest in a buffer", queue.oldestQueued, 0],
        ["turnover: limit, free", limit.available, slots.running],
        ["turnover: limit, active", limit.active, 0],
        ["turnover: limit, waiting", limit.waiting, 0],
      );
    }
    for (const lane of this.retired) {
      found.push(["turnover: drained promises not kept", Number(lane.drained === "asked"), 0]);
      if (!refuses(lane)) fault(this.place, "turnover: a buffer that was ended takes work");
    }
    this.retired.clear();
    return found;
  }

  private build(key: number): void {
    const queue = buffer({ capacity: slots.waiting, clock: this.place.clock });
    const limit = concurrencyLimit(slots.running, { clock: this.place.clock });
    const meters = [slotMeter(this.place, "turnover", limit)];
    const route = boxed(new ServiceBuilder().layer(queue).layer(limit).service(work(this.place, meters)));
    this.routes.set(key, route);
    this.lanes.set(key, { queue, limit, entrance: this.enter(route), closed: false, drained: "not asked" });
  }

  private close(lane: Lane): void {
    this.closes++;
    lane.closed = true;
    lane.queue.close();
  }

  private drain(lane: Lane): void {
    this.drains++;
    lane.drained = "asked";
    void lane.queue.drain().then(() => {
      lane.drained = "done";
      if (lane.queue.running > 0) fault(this.place, "turnover: drained, and not all has settled");
      if (lane.queue.queued > 0) fault(this.place, "turnover: drained, and requests wait");
    });
  }

  /** A permit in hand is honoured when the buffer is drained, and refused when it is closed. */
  private spend(permit: Permit<Operation, number>, operation: Operation, closed: boolean): Promise<number> {
    const { signal } = operation;
    const answer = permit.call(operation, { signal });
    answer.then(
      () => closed && fault(this.place, "turnover: a closed buffer honoured a permit"),
      (reason: unknown) => {
        if (closed && !signal.aborted && !isBufferClosedError(reason)) {
          fault(this.place, "turnover: a closed buffer did not refuse a permit");
        }
      },
    );
    return answer;
  }
}

function refuses({ entrance }: { entrance: Entrance }): boolean {
  try {
    entrance.tryReady()?.release();
    return false;
  } catch (error) {
    return isBufferClosedError(error);
  }
}
