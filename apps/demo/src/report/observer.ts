import { type GatewayMetrics, type RouteMetrics, readMetrics } from "../gateway/metrics.ts";
import type { Backends } from "../process/backends.ts";
import { type ByRoute, byRoute, type RouteName, routes } from "../routes.ts";
import type { Seen } from "./run-result.ts";

const askEvery = 100;

/** What a gateway counts from its start. */
type Counted = keyof Pick<RouteMetrics, "retries" | "retriesDenied" | "circuitOpened" | "circuitRefused">;

/** What was seen in one phase so far. */
class PhaseSeen {
  memory = 0;
  private readonly first: GatewayMetrics;
  private last: GatewayMetrics;
  private readonly most: Record<
    RouteName,
    { queued: number; backendQueued: number; permits: number; budget: number | null }
  >;

  constructor(first: GatewayMetrics) {
    this.first = first;
    this.last = first;
    this.most = {
      ...byRoute((route) => ({ queued: 0, backendQueued: 0, permits: 0, budget: first.routes[route].budget })),
    };
  }

  add(metrics: GatewayMetrics, backendQueued: (route: RouteName) => number): void {
    this.last = metrics;
    this.memory = Math.max(this.memory, metrics.rss);
    for (const route of routes) {
      const most = this.most[route];
      const { queued, permits, budget } = metrics.routes[route];
      most.queued = Math.max(most.queued, queued);
      most.permits = Math.max(most.permits, permits);
      most.backendQueued = Math.max(most.backendQueued, backendQueued(route));
      if (budget !== null) most.budget = Math.min(most.budget ?? budget, budget);
    }
  }

  seen(): ByRoute<Seen> {
    const since = (route: RouteName, count: Counted) =>
      this.last.routes[route][count] - this.first.routes[route][count];
    return byRoute((route) => ({
      ...this.most[route],
      limit: this.last.routes[route].limit,
      retries: since(route, "retries"),
      retriesDenied: since(route, "retriesDenied"),
      circuitOpened: since(route, "circuitOpened"),
      circuitRefused: since(route, "circuitRefused"),
    }));
  }
}

/** Asks the gateway for its figures again and again, and keeps for each phase what is worth knowing. */
export class Observer {
  /** The latest that the gateway said. */
  latest: GatewayMetrics | undefined;
  private readonly port: number;
  private readonly backends: Backends;
  private readonly phases = new Map<string, PhaseSeen>();
  private readonly asking: NodeJS.Timeout;
  private current: string | undefined;
  private busy = false;

  constructor(port: number, backends: Backends) {
    this.port = port;
    this.backends = backends;
    this.asking = setInterval(() => void this.ask(), askEvery);
  }

  enter(phase: string): void {
    this.current = phase;
  }

  /** The phase is over, and the next one does not follow at once. */
  leave(): void {
    this.current = undefined;
  }

  /** The gateway is another one now, and counts from zero. */
  forget(): void {
    this.latest = undefined;
    this.leave();
  }

  stop(): void {
    clearInterval(this.asking);
  }

  phase(name: string): { memory: number; seen: ByRoute<Seen> } {
    const phase = this.phases.get(name);
    if (phase !== undefined) return { memory: phase.memory, seen: phase.seen() };
    const counted = { retries: 0, retriesDenied: 0, circuitOpened: 0, circuitRefused: 0 };
    const nothing = { queued: 0, backendQueued: 0, permits: 0, budget: null, limit: null, ...counted };
    return { memory: 0, seen: byRoute(() => nothing) };
  }

  async ask(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    const phase = this.current;
    const metrics = await readMetrics(this.port);
    this.busy = false;
    if (metrics === undefined) return;
    // A phase begins with the figures that the one before it ended with.
    const before = this.latest ?? metrics;
    this.latest = metrics;
    if (phase === undefined) return;
    let seen = this.phases.get(phase);
    if (seen === undefined) this.phases.set(phase, (seen = new PhaseSeen(before)));
    seen.add(metrics, (route) => this.backends.queued(route));
  }
}
