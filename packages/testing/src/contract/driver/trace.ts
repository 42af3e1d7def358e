import type { Breach } from "../promises/breach.ts";
import type { Sentence } from "../promises/promises.ts";

/** The record of one run: what was done and seen, line by line, and the breaches that were found. */
export class Trace {
  /** The lines of the report's schedule. */
  readonly lines: string[] = [];
  readonly breaches: Breach[] = [];
  /** Nothing was done since all microtasks last ran, so the counters of the harness describe a state at rest. */
  calm = true;
  /** Only some of the microtasks have run since the last step: grants may be on their way, so nobody's place in line is known. */
  hasty = false;
  private checks: (() => void)[] = [];

  /** Records a step: something that a client, the inner service or time did. */
  did(line: string): void {
    this.lines.push(line);
    this.calm = false;
  }

  /** Records what followed from the steps. */
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

  /** Runs a check once, after all microtasks have run: for what the layer may still put right by then. */
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
