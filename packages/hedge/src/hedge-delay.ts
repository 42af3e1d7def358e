import { requireDuration } from "@sluice/core/kit";
import { Latencies } from "@sluice/core/stats";
import type { Settings } from "./options.ts";

/** How long an attempt may take before another one is sent beside it. Times are handed in, in milliseconds. */
export class HedgeDelay {
  private readonly settings: Settings;
  private readonly latencies: Latencies | undefined;
  /** The quantile, and until when it serves: to find it takes hundreds of steps. */
  private recent: number | undefined = undefined;
  private until = Number.NEGATIVE_INFINITY;

  constructor(settings: Settings) {
    this.settings = settings;
    if (settings.quantile !== undefined) this.latencies = new Latencies(settings.period);
  }

  /** Whether it looks at how long first attempts take. */
  get learns(): boolean {
    return this.latencies !== undefined;
  }

  /** A first attempt has succeeded after so long, or has lost after so long. */
  learn(latency: number, now: number): void {
    this.latencies?.add(latency, now);
  }

  /**
   * How long to wait for attempt number `attempt`, from the moment of the one before; undefined where there is none.
   *
   * @throws TypeError | RangeError when the function that was given answers with no duration, and what it throws
   */
  before(attempt: number, now: number): number | undefined {
    const found = this.found(now);
    if (found !== undefined) return found;
    const { delay } = this.settings;
    if (typeof delay === "number") return delay;
    const asked = delay(attempt);
    return asked === undefined ? undefined : requireDuration("hedge", "delay", asked);
  }

  /** The delay of now, where it does not take a function to know it. */
  now(now: number): number | undefined {
    const { delay } = this.settings;
    return this.found(now) ?? (typeof delay === "number" ? delay : undefined);
  }

  /** What the quantile says, as soon as there are enough samples. */
  private found(now: number): number | undefined {
    const { latencies, settings } = this;
    if (latencies === undefined) return undefined;
    if (now < this.until) return this.recent;
    if (latencies.count(now) < settings.minSamples) return undefined;
    this.until = now + settings.period / 100;
    this.recent = Math.max(latencies.quantile(settings.quantile!, now)!, settings.minDelay);
    return this.recent;
  }
}
