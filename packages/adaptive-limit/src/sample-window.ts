import { nearestRank } from "@sluice/core/kit";
import type { LimitSample } from "./limit-algorithm.ts";
import type { RequiredWindow } from "./window-options.ts";

/** Of how many round trips a quantile is taken: of more, every second, fourth, … one. */
const most = 1_000;

/** Gathers calls until `time` has passed since the first one's end and there are `samples` of them. Constant memory. */
export class SampleWindow {
  private readonly time: number;
  private readonly samples: number;
  private readonly quantile: number | undefined;
  private since = 0;
  private count = 0;
  private inflight = 0;
  /** Of the calls that were not dropped. */
  private succeeded = 0;
  private sum = 0;
  private squares = 0;
  private droppedSum = 0;
  private rtts: number[] = [];
  /** Each how many-th round trip is kept. */
  private stride = 1;

  constructor({ time, samples, quantile }: RequiredWindow) {
    this.time = time;
    this.samples = samples;
    this.quantile = quantile;
  }

  /** Adds a call that ended at `now`. Returns what the window has shown, where this call has ended it. */
  add(rtt: number, inflight: number, dropped: boolean, now: number): LimitSample | undefined {
    if (this.count === 0) this.since = now;
    this.count++;
    this.inflight = Math.max(this.inflight, inflight);
    if (dropped) this.droppedSum += rtt;
    else this.succeed(rtt);
    return this.count >= this.samples && this.since + this.time <= now ? this.end() : undefined;
  }

  private succeed(rtt: number): void {
    if (this.quantile !== undefined && this.succeeded % this.stride === 0) this.keep(rtt);
    this.succeeded++;
    this.sum += rtt;
    this.squares += rtt * rtt;
  }

  private keep(rtt: number): void {
    this.rtts.push(rtt);
    if (this.rtts.length < most) return;
    this.rtts = this.rtts.filter((_, nth) => nth % 2 === 0);
    this.stride *= 2;
  }

  private end(): LimitSample {
    const { count, inflight, succeeded } = this;
    const sample = { rtt: this.typical(), error: this.error(), inflight, dropped: succeeded < count, count };
    this.count = this.inflight = this.succeeded = this.sum = this.squares = this.droppedSum = 0;
    this.rtts = [];
    this.stride = 1;
    return sample;
  }

  private typical(): number {
    const { quantile, rtts, succeeded } = this;
    if (succeeded === 0) return this.droppedSum / this.count;
    if (quantile === undefined) return this.sum / succeeded;
    rtts.sort((one, other) => one - other);
    return rtts[nearestRank(quantile, rtts.length) - 1] as number;
  }

  /** The standard error of the mean. */
  private error(): number {
    const { succeeded: n, sum, squares } = this;
    return n < 2 ? 0 : Math.sqrt(Math.max(squares - (sum * sum) / n, 0) / (n * (n - 1)));
  }
}
