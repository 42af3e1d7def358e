import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Counted, Made } from "./server.ts";

/** A server in a separate process, which ends with the block that uses it. */
export interface Served extends AsyncDisposable {
  readonly port: number;
  /** The server's counters: as soon as they are as wanted, or after 5 s. */
  readonly counted: (wished?: (counted: Counted) => boolean) => Promise<Counted>;
  /** The same after a collection, so that `heap` is what is kept. */
  readonly collected: () => Promise<Counted>;
}

export async function serve(made: Made): Promise<Served> {
  const child = fork(join(import.meta.dirname, "server.ts"), [JSON.stringify(made)], { execArgv: ["--expose-gc"] });
  const gone = once(child, "exit");
  const told = async (): Promise<unknown> => {
    const heard = await Promise.race([once(child, "message"), gone.then(() => undefined)]);
    if (heard === undefined) throw new Error("The server of the soak has ended by itself.");
    return heard[0];
  };
  await told();
  const ask = async (how: "counted" | "collected"): Promise<Counted> => {
    child.send(how);
    return (await told()) as Counted;
  };
  const counted: Served["counted"] = async (wished = () => true) => {
    const until = performance.now() + 5_000;
    for (;;) {
      const seen = await ask("counted");
      if (wished(seen) || performance.now() > until) return seen;
      await sleep(10);
    }
  };
  const { port } = await counted();
  return {
    port,
    counted,
    collected: () => ask("collected"),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await gone;
    },
  };
}
