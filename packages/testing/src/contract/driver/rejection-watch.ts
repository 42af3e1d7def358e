type Listener = (reason: unknown, promise: Promise<unknown>) => void;

interface NodeLike {
  readonly listeners: (event: "unhandledRejection") => Listener[];
  readonly on: (event: "unhandledRejection", listener: Listener) => unknown;
  readonly removeListener: (event: "unhandledRejection", listener: Listener) => unknown;
  readonly getBuiltinModule?: <Name extends keyof Modules>(name: Name) => Modules[Name] | undefined;
}

interface Modules {
  readonly "node:vm": { readonly runInThisContext: (code: string) => NodeLike };
  readonly "node:worker_threads": { readonly MessageChannel: typeof MessageChannel };
}

/**
 * Collects unhandled rejections, in Node.js and compatible platforms. Meanwhile other listeners are removed, for a test runner would count
 * each rejection as a failure.
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
    const real = processOfPlatform(process) ?? process;
    this.node = typeof real?.removeListener === "function" ? (real as NodeLike) : undefined;
    this.others = this.node?.listeners("unhandledRejection") ?? [];
    for (const other of this.others) this.node?.removeListener("unhandledRejection", other);
    this.node?.on("unhandledRejection", this.listener);
  }

  /** Whether the platform reports unhandled rejections. */
  get known(): boolean {
    return this.node !== undefined;
  }

  /** The reasons of all rejections that were reported since the last `take`. */
  async take(): Promise<readonly unknown[]> {
    if (this.known) await macrotask();
    const { reasons } = this;
    this.reasons = [];
    return reasons;
  }

  /** Puts the other listeners back. */
  stop(): void {
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

/**
 * One turn of the event loop, after which unhandled rejections have been reported. It uses a message, for a test may have replaced the
 * timers. Each time a new channel: a message of one that is in use comes too early in Bun.
 */
function macrotask(): Promise<void> {
  return new Promise((resolve) => {
    const Channel = globalThis.MessageChannel ?? ownChannel();
    const { port1, port2 } = new Channel();
    port1.addEventListener("message", () => {
      port1.close();
      resolve();
    });
    port1.start();
    port2.postMessage(undefined);
  });
}

/** jsdom has none, and Jest shows its tests none of Node's then. */
function ownChannel(): typeof MessageChannel {
  const { process } = globalThis as { readonly process?: Partial<NodeLike> };
  return process!.getBuiltinModule!("node:worker_threads")!.MessageChannel;
}
