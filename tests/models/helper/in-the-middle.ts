import type { Act } from "./acts.ts";
import type { Play } from "./play.ts";
import type { Step } from "./schedule.ts";

/** Actions in the middle of a step, when the layer calls a user's function. The model does not know of them. */
export class InTheMiddle {
  /** Callers that call there, and may begin before the caller whose call is in progress. */
  readonly callers: Set<number> = new Set();
  private readonly acts: (() => void)[] = [];

  /** A user's function is called. */
  readonly asked = (): void => this.acts.shift()?.();

  /** Runs one of these actions when the next function is called. */
  add(acts: Readonly<Record<string, Act>>, names: readonly string[], step: Step, play: Play): void {
    if (play.model !== undefined) return;
    const act = acts[names[step.ms % names.length]!];
    this.acts.push(() => {
      this.callers.add(play.callers.all.length);
      act?.(step, play);
    });
  }

  /** Stops further actions. */
  end(): void {
    this.acts.length = 0;
  }
}
