import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { StoreSays, StoreTold } from "./messages.ts";

const program = fileURLToPath(new URL("./store.ts", import.meta.url));
const startWithin = 30_000;

/**
 * The store, a real server, in the care of a process of its own. That one is not a `Child`, for it must never be killed: it ends the server when
 * it is told to, and when this process is gone.
 */
export class StoreProcess implements AsyncDisposable {
  readonly port: number;
  private readonly keeper: ChildProcess;

  private constructor(keeper: ChildProcess, port: number) {
    this.keeper = keeper;
    this.port = port;
  }

  static async start(): Promise<StoreProcess> {
    const keeper = fork(program, { execArgv: [], stdio: ["ignore", "inherit", "inherit", "ipc"] });
    const started = new AbortController();
    const within = AbortSignal.any([started.signal, AbortSignal.timeout(startWithin)]);
    keeper.once("exit", () => started.abort(new Error("The store could not be started.")));
    try {
      const [says] = (await once(keeper, "message", { signal: within })) as [StoreSays];
      return new StoreProcess(keeper, says.port);
    } catch (error) {
      if (keeper.connected) keeper.disconnect();
      throw within.reason ?? error;
    }
  }

  /** The server stops to answer, and its connections stay (SIGSTOP). */
  pause(): void {
    this.tell("pause");
  }

  resume(): void {
    this.tell("resume");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.keeper.exitCode !== null || this.keeper.signalCode !== null) return;
    const exited = once(this.keeper, "exit");
    this.tell("end");
    await exited;
  }

  private tell(told: StoreTold): void {
    if (this.keeper.connected) this.keeper.send(told, () => {});
  }
}
