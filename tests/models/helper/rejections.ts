/** What Node reports as unhandled, kept from the test runner while somebody counts it. */
export class Rejections {
  private reported: unknown[] = [];
  private readonly others: readonly NodeJS.UnhandledRejectionListener[] = process.listeners("unhandledRejection");
  private readonly keep = (reason: unknown): void => {
    this.reported.push(reason);
  };
  /** Those that are handled late are so by intent. */
  private readonly late = (): void => {};

  constructor() {
    process.removeAllListeners("unhandledRejection");
    process.on("unhandledRejection", this.keep);
    process.on("rejectionHandled", this.late);
  }

  /** What was reported since the last time. */
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
