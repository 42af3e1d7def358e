import type { GatewayMetrics } from "../gateway/metrics.ts";
import type { ClassShare, Tally } from "../load/tally.ts";
import type { BackendLoad } from "../process/backends.ts";
import { Histogram } from "../report/histogram.ts";
import type { ByRoute } from "../routes.ts";
import {
  type Asked,
  type ByLiveRoute,
  type Described,
  type Flow,
  type Frame,
  type LiveRoute,
  liveRoutes,
  type Point,
  type RouteFrame,
  type SideFrame,
} from "./frame.ts";

/** What was read of one gateway at one moment: counts are from the beginning. */
export interface SideReading {
  /** What its clients saw. */
  readonly tallies: ByRoute<Tally>;
  readonly metrics: GatewayMetrics;
  readonly described: ByRoute<Described> | undefined;
  readonly backends: ByRoute<BackendLoad>;
}

export interface Reading {
  /** In ms since 1970. */
  readonly at: number;
  /** For how long the load generator was held up at most since the reading before, in ms. */
  readonly heldUp: number;
  readonly layered: SideReading;
  readonly plain: SideReading;
}

/** The span of rates, and of quantiles, which need more to go by; in ms. */
const rateSpan = 1000;
const quantileSpan = 2000;

/** How many readings are needed for a frame, where there is one every so many ms. */
export const readingsFor = (every: number): number => Math.ceil(quantileSpan / every) + 1;

/** What the page shows after these readings, oldest first, of which there is at least one. */
export function frameOf(readings: readonly Reading[], more: Asked & Pick<Frame, "conditions">): Frame {
  const now = readings.at(-1)!;
  const since = (span: number): Reading => readings.find(({ at }) => now.at - at <= span * 1.25) ?? now;
  const [second, seconds] = [since(rateSpan), since(quantileSpan)];
  const side = (kind: "layered" | "plain"): SideFrame =>
    sideOf(now[kind], second[kind], seconds[kind], now.at - second.at, now.at - seconds.at);
  const heldUp = Math.max(...readings.map((each) => each.heldUp));
  const { events } = now.layered.metrics;
  const frame = { ...more, heldUp, events, layered: side("layered"), plain: side("plain") };
  return { ...frame, point: pointOf(now.at, frame) };
}

/** `second` and `seconds` are what was read a second ago, and two; `ms` and `longer` for how long that is exactly. */
function sideOf(now: SideReading, second: SideReading, seconds: SideReading, ms: number, longer: number): SideFrame {
  const routes = byLiveRoute((route): RouteFrame => {
    const { queued, permits, budget } = now.metrics.routes[route];
    return {
      flow: flowOf(now.tallies[route], second.tallies[route], ms),
      important: classOf(now.tallies[route].important, seconds.tallies[route].important, longer),
      greedy: classOf(now.tallies[route].greedy, seconds.tallies[route].greedy, longer),
      waiting: queued,
      active: permits,
      budget,
      backend: now.backends[route],
      described: now.described?.[route] ?? null,
    };
  });
  const all = Object.values(routes);
  const recent = new Histogram(latenciesSince(now.tallies, seconds.tallies));
  return {
    flow: sumOf(all.map(({ flow }) => flow)),
    p50: recent.quantile(0.5) ?? null,
    p99: recent.quantile(0.99) ?? null,
    waiting: all.reduce((sum, { waiting, backend }) => sum + waiting + backend.queued, 0),
    connections: now.metrics.connections,
    rss: now.metrics.rss,
    routes,
  };
}

function pointOf(at: number, { layered, plain }: Pick<Frame, "layered" | "plain">): Point {
  const both = (read: (side: SideFrame) => number) => ({ layered: read(layered), plain: read(plain) });
  return {
    at,
    offered: layered.flow.offered,
    good: both(({ flow }) => flow.good),
    waiting: both(({ waiting }) => waiting),
    p99: { layered: layered.p99, plain: plain.p99 },
    refused: both(({ flow }) => flow.refused),
    lost: both(({ flow }) => flow.timedOut + flow.failed),
  };
}

const endings = ["offered", "good", "estimated", "refused", "timedOut", "failed"] as const;

function flowOf(now: Tally, before: Tally, ms: number): Flow {
  const rate = (what: keyof Flow): number => rateOf(now[what], before[what], ms);
  return Object.fromEntries(endings.map((what) => [what, rate(what)])) as Record<keyof Flow, number>;
}

function classOf(now: ClassShare, before: ClassShare, ms: number): ClassShare {
  return {
    offered: rateOf(now.offered, before.offered, ms),
    ended: rateOf(now.ended, before.ended, ms),
    good: rateOf(now.good, before.good, ms),
  };
}

/** A second. */
function rateOf(now: number, before: number, ms: number): number {
  return ms > 0 ? ((now - before) * 1000) / ms : 0;
}

function sumOf(flows: readonly Flow[]): Flow {
  const sum = (what: keyof Flow): number => flows.reduce((all, flow) => all + flow[what], 0);
  return Object.fromEntries(endings.map((what) => [what, sum(what)])) as Record<keyof Flow, number>;
}

/** The buckets of all routes together. */
function latenciesSince(now: ByRoute<Tally>, before: ByRoute<Tally>): readonly number[] {
  const buckets: number[] = [];
  for (const route of liveRoutes) {
    for (const [index, count] of now[route].latencies.entries()) {
      buckets[index] = (buckets[index] ?? 0) + (count ?? 0) - (before[route].latencies[index] ?? 0);
    }
  }
  return Array.from(buckets, (count) => count ?? 0);
}

export function byLiveRoute<T>(make: (route: LiveRoute) => T): ByLiveRoute<T> {
  return Object.fromEntries(liveRoutes.map((route) => [route, make(route)])) as Record<LiveRoute, T>;
}
