import type { Breach } from "../promises/breach.ts";
import type { Sentence } from "../promises/promises.ts";

/** The record of one run: what was done and seen, line by line, and the breaches that were found. */
export class Trace {
  /** The lines of the report's schedule. */
  readonly lines: string[] = [];
  readonly breaches: Breach[] = [];
  /** Whether no step was made since all microtasks last ran, so that the counters of the harness describe a state at rest. */
  calm = true;
  /** Whether only some microtasks have run since the last step: grants may be on their way, so no place in line is known. */
  hasty = false;
  private checks: (() => void)[] = [];

  /** Records a step of a client, of the inner service or of time. */
  did(line: string): void {
    this.lines.push(line);
    this.calm = false;
  }

  /** Records a consequence of the steps. */
  saw(line: string): void {
    this.lines.push(line);
  }

  /**
   * Records a breach.
   *
   * @param lines the schedule that led there; default: all lines so far
   */
  broken(sentence: Sentence, what: string, lines: readonly string[] = [...this.lines]): void {
    this.breaches.push({ sentence, what, schedule: lines });
  }

  /** Runs a check once, after all microtasks have run, for conditions that the layer may still meet by then. */
  whenSettled(check: () => void): void {
    this.checks.push(check);
  }

  /** Called when all microtasks have run. */
  settled(): void {
    const { checks } = this;
    this.checks = [];
    for (const check of checks) check();
    this.calm = true;
    this.hasty = false;
  }
}
