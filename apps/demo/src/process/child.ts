import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Those that run. Whatever way this process ends, none of them stays. */
const running = new Set<ChildProcess>();

process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** A process of ours, on the other side of a channel. */
export class Child<Told extends object, Says extends { readonly kind: string }> {
  readonly name: string;
  /** Kept when the process has ended, for whatever reason. */
  readonly ended: Promise<void>;
  private readonly process: ChildProcess;

  constructor(name: string, program: URL, args: readonly string[] = []) {
    this.name = name;
    const child = fork(fileURLToPath(program), args, { execArgv: [], stdio: ["ignore", "inherit", "inherit", "ipc"] });
    this.process = child;
    running.add(child);
    this.ended = new Promise((resolve) => {
      const end = () => {
        running.delete(child);
        resolve();
      };
      child.once("exit", end);
      // It could not be started, or a message found nobody.
      child.on("error", () => {
        if (child.pid === undefined) end();
      });
    });
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  tell(message: Told): void {
    if (this.process.connected) this.process.send(message, () => {});
  }

  listen(heard: (message: Says) => void): void {
    this.process.on("message", (message) => heard(message as Says));
  }

  /** The next message of a kind; fails when the process ends first, or `within` milliseconds have passed. */
  next<K extends Says["kind"]>(kind: K, within: number): Promise<Extract<Says, { readonly kind: K }>> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        this.process.off("message", heard);
        act();
      };
      const timer = setTimeout(
        () => settle(() => reject(new Error(`${this.name} did not say "${kind}" within ${within} ms.`))),
        within,
      );
      const heard = (message: unknown) => {
        if ((message as Says).kind === kind) settle(() => resolve(message as Extract<Says, { readonly kind: K }>));
      };
      this.process.on("message", heard);
      void this.ended.then(() => settle(() => reject(new Error(`${this.name} ended before it said "${kind}".`))));
    });
  }

  /** Ends it at once. */
  kill(): Promise<void> {
    this.process.kill("SIGKILL");
    return this.ended;
  }
}
