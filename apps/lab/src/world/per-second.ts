import type { World } from "./world.ts";

/** Counts what happens in each second of a simulation: a line of a chart, and the rate in a span of it. */
export class PerSecond {
  private readonly world: World;
  private readonly counts: number[] = [];

  constructor(world: World) {
    this.world = world;
  }

  add(): void {
    const second = Math.floor(this.world.now / 1_000);
    this.counts[second] = (this.counts[second] ?? 0) + 1;
  }

  /** How many a second, from one second to before another. */
  rate(from: number, to: number): number {
    let sum = 0;
    for (let second = from; second < to; second++) sum += this.counts[second] ?? 0;
    return sum / (to - from);
  }

  /** A point for each `span` seconds, up to before `to`. */
  points(to: number, span = 1): [second: number, rate: number][] {
    return Array.from({ length: Math.floor(to / span) }, (_, index) => [
      index * span,
      this.rate(index * span, (index + 1) * span),
    ]);
  }
}
