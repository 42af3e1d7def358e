type Listener = (reason: unknown, promise: Promise<unknown>) => void;

interface NodeLike {
  readonly listeners: (event: "unhandledRejection") => Listener[];
  readonly on: (event: "unhandledRejection", listener: Listener) => unknown;
  readonly removeListener: (event: "unhandledRejection", listener: Listener) => unknown;
  readonly getBuiltinModule?: (
    name: "node:vm",
  ) => { readonly runInThisContext: (code: string) => NodeLike } | undefined;
}

/**
 * Collects unhandled rejections, in Node.js and compatible platforms. Meanwhile other listeners are removed, for a test runner would count
 * each rejection as a failure.
 */
export class RejectionWatch {
  private readonly node: NodeLike | undefined;
  private readonly others: readonly Listener[];
  private readonly turns: Turns | undefined;
  private reasons: unknown[] = [];
  private readonly listener: Listener = (reason) => {
    this.reasons.push(reason);
  };

  constructor() {
    const { process } = globalThis as { readonly process?: Partial<NodeLike> };
    const real = processOfPlatform(process) ?? process;
    this.node = typeof real?.removeListener === "function" ? (real as NodeLike) : undefined;
    this.others = this.node?.listeners("unhandledRejection") ?? [];
    this.turns = this.node && new Turns();
    for (const other of this.others) this.node?.removeListener("unhandledRejection", other);
    this.node?.on("unhandledRejection", this.listener);
  }

  /** Whether the platform reports unhandled rejections. */
  get known(): boolean {
    return this.node !== undefined;
  }

  /** The reasons of all rejections that were reported since the last `take`. */
  async take(): Promise<readonly unknown[]> {
    // They have been reported a turn of the event loop later.
    await this.turns?.next();
    const { reasons } = this;
    this.reasons = [];
    return reasons;
  }

  /** Puts the other listeners back. */
  stop(): void {
    this.turns?.stop();
    this.node?.removeListener("unhandledRejection", this.listener);
    for (const other of this.others) this.node?.on("unhandledRejection", other);
  }
}

/** Jest runs tests in a context with a copy of `process`, which gets no events: the real one is in the main context of Node.js. */
function processOfPlatform(process: Partial<NodeLike> | undefined): Partial<NodeLike> | undefined {
  try {
    return process?.getBuiltinModule?.("node:vm")?.runInThisContext("process");
  } catch {
    // Workers have the module, but no contexts.
    return undefined;
  }
}

/** Turns of the event loop, by messages, for a test may have replaced the timers. */
class Turns {
  private readonly channel = new MessageChannel();
  private over: (() => void) | undefined;

  constructor() {
    const { port1 } = this.channel;
    port1.addEventListener("message", () => this.over?.());
    port1.start();
  }

  /** Settles one turn later. One at a time. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.over = resolve;
      this.channel.port2.postMessage(undefined);
    });
  }

  stop(): void {
    this.channel.port1.close();
  }
}
