import { TimeWindow } from "@sluice/core/stats";
import type { OutlierSettings } from "./options.ts";

/** The failures and ejections of one endpoint. Times are the clock's milliseconds. */
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

  /** Counts an answer, and returns whether the endpoint is to be ejected. */
  fails(failed: boolean, now: number): boolean {
    // Calls that began before the ejection do not count.
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

  /** Ejects the endpoint, for longer each time. */
  eject(now: number): void {
    const { base, max, interval } = this.settings;
    const forgiven = Math.floor((now - this.since) / interval);
    this.ejections = Math.max(0, this.ejections - forgiven) + 1;
    this.ejectedUntil = now + Math.min(max, base * this.ejections);
  }

  /** Ends the ejection if its time is over, and returns whether it did. */
  readmit(now: number): boolean {
    if (this.ejectedUntil === undefined || this.ejectedUntil > now) return false;
    this.since = this.ejectedUntil;
    this.ejectedUntil = undefined;
    this.inARow = 0;
    this.recent?.clear();
    return true;
  }
}
