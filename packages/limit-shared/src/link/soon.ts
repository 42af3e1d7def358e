import { runOutside } from "@sluice/core/kit";

/**
 * Calls `run` a microtask later, once for all calls of {@link call} until then: callers of one turn ask the store together. `run` runs
 * outside of every caller's async context, for the question is that of all of them.
 */
export class Soon {
  private readonly run: () => void;
  private set = false;

  /** @param run must not throw */
  constructor(run: () => void) {
    this.run = run;
  }

  call(): void {
    if (this.set) return;
    this.set = true;
    runOutside(this.once);
  }

  private readonly once = (): void => {
    this.set = false;
    this.run();
  };
}
