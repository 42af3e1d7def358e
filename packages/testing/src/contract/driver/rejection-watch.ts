type Listener = (reason: unknown, promise: Promise<unknown>) => void;

interface NodeLike {
  readonly listeners: (event: "unhandledRejection") => Listener[];
  readonly on: (event: "unhandledRejection", listener: Listener) => unknown;
  readonly removeListener: (event: "unhandledRejection", listener: Listener) => unknown;
}

/**
 * Counts the rejections that nobody handles, where the platform tells: in Node.js and its like. Meanwhile nobody else is told, for a test
 * runner takes each for a failure.
 */
export class RejectionWatch {
  private readonly node: NodeLike | undefined;
  private readonly others: readonly Listener[];
  private reasons: unknown[] = [];
  private readonly listener: Listener = (reason) => {
    this.reasons.push(reason);
  };

  constructor() {
    const { process } = globalThis as { readonly process?: Partial<NodeLike> };
    this.node = typeof process?.removeListener === "function" ? (process as NodeLike) : undefined;
    this.others = this.node?.listeners("unhandledRejection") ?? [];
    for (const other of this.others) this.node?.removeListener("unhandledRejection", other);
    this.node?.on("unhandledRejection", this.listener);
  }

  /** Whether the platform tells. */
  get known(): boolean {
    return this.node !== undefined;
  }

  /** The reasons of all since it was last asked. */
  async take(): Promise<readonly unknown[]> {
    if (this.known) await macrotask();
    const { reasons } = this;
    this.reasons = [];
    return reasons;
  }

  /** Puts everything back as it was. */
  stop(): void {
    this.node?.removeListener("unhandledRejection", this.listener);
    for (const other of this.others) this.node?.on("unhandledRejection", other);
  }
}

/** The event loop goes round: only then are unhandled rejections told. A message needs no timer, which a test may have replaced. */
function macrotask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener("message", () => {
      port1.close();
      resolve();
    });
    port1.start();
    port2.postMessage(undefined);
  });
}
