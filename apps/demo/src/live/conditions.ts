import type { Backends } from "../process/backends.ts";
import { type ByRoute, byRoute, type RouteName, routes } from "../routes.ts";
import type { Condition } from "./frame.ts";

const up: Condition = { kind: "up" };

/** What is done to the backends of a route: the same to those of each gateway. */
export class Conditions {
  private readonly current: Record<RouteName, Condition> = { ...byRoute(() => up) };
  private readonly backends = new Set<Backends>();
  private readonly timers = new Map<RouteName, NodeJS.Timeout>();
  /** One change after the other: a process has to be there before it can be made slow. */
  private changing: Promise<unknown> = Promise.resolve();

  get now(): ByRoute<Condition> {
    return this.current;
  }

  /** Those that have just started, and are up, are brought to where the others are. */
  add(backends: Backends): Promise<void> {
    this.backends.add(backends);
    return this.inTurn(async () => {
      for (const route of routes) await bring(backends, route, up, this.current[route]);
    });
  }

  /** Kept when it has been done. */
  set(route: RouteName, next: Condition): Promise<void> {
    const before = this.current[route];
    this.is(route, next);
    return this.inTurn(() => this.each((backends) => bring(backends, route, before, next)));
  }

  /** New processes, whatever there was before. */
  restart(route: RouteName): Promise<void> {
    this.is(route, up);
    return this.inTurn(() => this.each((backends) => backends.restart(route)));
  }

  /** All of them are started anew, in turn with the other changes, and are up then. */
  startAnew(start: () => Promise<void>): Promise<void> {
    return this.inTurn(async () => {
      await start();
      for (const route of routes) this.is(route, up);
    });
  }

  private is(route: RouteName, next: Condition): void {
    clearTimeout(this.timers.get(route));
    this.current[route] = next;
    // A silence ends by itself.
    if (next.kind === "silent") {
      const timer = setTimeout(() => (this.current[route] = up), next.ms);
      timer.unref();
      this.timers.set(route, timer);
    }
  }

  private async each(change: (backends: Backends) => Promise<void>): Promise<void> {
    await Promise.all(Array.from(this.backends, change));
  }

  private inTurn(change: () => Promise<void>): Promise<void> {
    const done = this.changing.then(change);
    this.changing = done.catch(() => {});
    return done;
  }
}

async function bring(backends: Backends, route: RouteName, from: Condition, to: Condition): Promise<void> {
  // A process that is silent hears nothing, and one that is gone is not there.
  const isDeaf = from.kind === "silent" || from.kind === "killed";
  if (isDeaf && to.kind !== "killed") await backends.restart(route);
  switch (to.kind) {
    case "up":
      return backends.pace(route, 1);
    case "slow":
      return backends.pace(route, to.factor);
    case "silent":
      return backends.freeze(route, to.ms);
    case "killed":
      return backends.kill(route);
  }
}
