/** Collects the unhandled rejections that Node reports, instead of the test runner. */
export class Rejections {
  private reported: unknown[] = [];
  private readonly others: readonly NodeJS.UnhandledRejectionListener[] = process.listeners("unhandledRejection");
  private readonly keep = (reason: unknown): void => {
    this.reported.push(reason);
  };
  /** Late handling is intended. */
  private readonly late = (): void => {};

  constructor() {
    process.removeAllListeners("unhandledRejection");
    process.on("unhandledRejection", this.keep);
    process.on("rejectionHandled", this.late);
  }

  /** The rejections since the last call. */
  take(): readonly unknown[] {
    const { reported } = this;
    this.reported = [];
    return reported;
  }

  stop(): void {
    process.off("unhandledRejection", this.keep);
    process.off("rejectionHandled", this.late);
    for (const other of this.others) process.on("unhandledRejection", other);
  }
}
