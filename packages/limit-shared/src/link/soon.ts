import { runOutside } from "@sluice/core/kit";

/**
 * Calls `run` once, a microtask later, however often it is asked to in between: so callers of one turn ask the store together. In the async
 * context of nobody, for the question is that of all of them.
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
