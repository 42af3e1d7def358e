import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** The demo in a process group of its own, so that whoever it leaves behind can be found. */
export class Demo {
  output = "";
  readonly exited: Promise<number | null>;
  readonly process: ChildProcessByStdio<null, Readable, Readable>;

  constructor(...args: string[]) {
    this.process = spawn(process.execPath, [main, ...args], { detached: true, stdio: ["ignore", "pipe", "pipe"] });
    this.process.stdout.setEncoding("utf8").on("data", (text: string) => (this.output += text));
    this.process.stderr.setEncoding("utf8").on("data", (text: string) => (this.output += text));
    this.exited = new Promise((resolve) => this.process.on("close", resolve));
  }

  /** Kept when the output has this in it. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.output);
      if (found !== null) return found;
      const more = await Promise.race([
        new Promise((resolve) => this.process.stdout.once("data", () => resolve(true))),
        this.exited.then(() => false),
      ]);
      if (more === false && !pattern.test(this.output)) throw new Error(`It never said ${pattern}:\n${this.output}`);
    }
  }

  /** Whether one of its processes is still there. */
  get isThere(): boolean {
    try {
      process.kill(-this.process.pid!, 0);
      return true;
    } catch {
      return false;
    }
  }

  /** Kept when it exits with 0; fails with all that it said. */
  async endsWell(): Promise<void> {
    const code = await this.exited;
    if (code !== 0) throw new Error(`It ended with ${code}:\n${this.output}`);
  }

  /** Ends it, and all that it has started, whatever they do. */
  end(): void {
    if (this.isThere) process.kill(-this.process.pid!, "SIGKILL");
  }

  /** Where the live page is, when it is served. */
  async page(): Promise<string> {
    return (await this.says(/live page.*: (http:\/\/127\.0\.0\.1:\d+)\/\n/))[1]!;
  }

  /** Where the gateway listens, when it is kept up. */
  async gateway(): Promise<string> {
    return (await this.says(/curl -i '(http:\/\/127\.0\.0\.1:\d+)\/quote/))[1]!;
  }
}
