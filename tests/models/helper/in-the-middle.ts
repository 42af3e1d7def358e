import type { Act } from "./acts.ts";
import type { Play } from "./play.ts";
import type { Step } from "./schedule.ts";

/** What happens in the middle of a step, when the thing asks a function of its user. The model knows nothing of it. */
export class InTheMiddle {
  /** Who calls there, and may begin before whoever is in the midst of a call. */
  readonly callers: Set<number> = new Set();
  private readonly acts: (() => void)[] = [];

  /** A function of the user is asked. */
  readonly asked = (): void => this.acts.shift()?.();

  /** Has one of these acts happen when the next function is asked. */
  add(acts: Readonly<Record<string, Act>>, names: readonly string[], step: Step, play: Play): void {
    if (play.model !== undefined) return;
    const act = acts[names[step.ms % names.length]!];
    this.acts.push(() => {
      this.callers.add(play.callers.all.length);
      act?.(step, play);
    });
  }

  /** Nothing more happens. */
  end(): void {
    this.acts.length = 0;
  }
}
