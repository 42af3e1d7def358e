import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { ended, endWithThisProcess } from "@sluice/test-kit/program";
import { type Call, machineTime, type MemberSettings, type Said } from "./settings.ts";

/** The report of one member. */
export interface Seen {
  readonly calls: Call[];
  readonly unhandled: string[];
  trips: number;
  late: number;
}

/** Processes that share a limit. `await using` ends them, also stopped ones. */
export class Fleet implements AsyncDisposable {
  readonly seen: Seen[] = [];
  private readonly children: ChildProcess[] = [];
  private readonly lost = new Set<ChildProcess>();

  static async start(members: readonly MemberSettings[]): Promise<Fleet> {
    const fleet = new Fleet();
    try {
      await Promise.all(members.map((settings) => fleet.add(settings)));
    } catch (error) {
      await fleet[Symbol.asyncDispose]();
      throw error;
    }
    return fleet;
  }

  private async add(settings: MemberSettings): Promise<void> {
    const child = fork(join(import.meta.dirname, "member.ts"), [JSON.stringify(settings)], { execArgv: [] });
    const seen: Seen = { calls: [], unhandled: [], trips: 0, late: 0 };
    this.children.push(child);
    endWithThisProcess(child);
    this.seen.push(seen);
    await new Promise<void>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code) => {
        reject(new Error(`A member has ended with ${code} before it was ready.`));
      });
      child.on("message", (said: Said) => {
        if (said.what === "ready") resolve();
        if (said.what === "calls") seen.calls.push(...said.calls);
        if (said.what === "unhandled") seen.unhandled.push(said.reason);
        if (said.what === "end") [seen.trips, seen.late] = [said.trips, said.late];
      });
    });
  }

  /** Starts the load, in all members at the same time. */
  go(): number {
    for (const child of this.children) child.send("go");
    return machineTime();
  }

  /** Kills the member. */
  async kill(index: number): Promise<void> {
    const child = this.children[index] as ChildProcess;
    this.lost.add(child);
    await ended(child);
  }

  /** Stops the member for a while (SIGSTOP). */
  stop(index: number): void {
    this.children[index]?.kill("SIGSTOP");
  }

  resume(index: number): void {
    this.children[index]?.kill("SIGCONT");
  }

  /** Ends the load; resolves when every member has closed its limit and has sent its report. */
  async finish(): Promise<void> {
    const alive = this.children.filter((child) => !this.lost.has(child));
    await Promise.all(
      alive.map(async (child) => {
        const end = new Promise<void>((resolve, reject) => {
          child.once("exit", () => reject(new Error("A member has ended before it said what it saw.")));
          child.on("message", (said: Said) => said.what === "end" && resolve());
        });
        child.send("end");
        await end;
      }),
    );
    // The last calls are reported after that.
    await new Promise((resolve) => setTimeout(resolve, 100));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.children.map(ended));
  }
}
