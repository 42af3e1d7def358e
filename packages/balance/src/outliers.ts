import { TimeWindow } from "@sluice/core/stats";
import type { OutlierSettings } from "./options.ts";

/** What is known of one endpoint's failures. Times are the clock's milliseconds. */
export class OutlierRecord {
  ejectedUntil: number | undefined = undefined;
  ejections = 0;
  private readonly settings: OutlierSettings;
  private readonly recent: TimeWindow | undefined;
  private inARow = 0;
  /** Since when it is in use again. */
  private since = 0;

  constructor(settings: OutlierSettings) {
    this.settings = settings;
    this.recent = settings.ratio === undefined ? undefined : new TimeWindow(settings.interval);
  }

  /** Counts an answer, and says whether the endpoint fails too much. */
  fails(failed: boolean, now: number): boolean {
    // What began before it was ejected says nothing new.
    if (this.ejectedUntil !== undefined) return false;
    const { consecutive, ratio, minimumCalls } = this.settings;
    this.recent?.add(now, failed);
    if (!failed) {
      this.inARow = 0;
      return false;
    }
    this.inARow++;
    if (this.inARow >= consecutive) return true;
    if (ratio === undefined) return false;
    const { calls, failures } = this.recent!.at(now);
    return calls >= minimumCalls && failures >= calls * ratio;
  }

  /** Ejects it, for longer each time. */
  eject(now: number): void {
    const { base, max, interval } = this.settings;
    const forgiven = Math.floor((now - this.since) / interval);
    this.ejections = Math.max(0, this.ejections - forgiven) + 1;
    this.ejectedUntil = now + Math.min(max, base * this.ejections);
  }

  /** Whether it has been ejected for long enough: then it is in use again. */
  readmit(now: number): boolean {
    if (this.ejectedUntil === undefined || this.ejectedUntil > now) return false;
    this.since = this.ejectedUntil;
    this.ejectedUntil = undefined;
    this.inARow = 0;
    this.recent?.clear();
    return true;
  }
}
