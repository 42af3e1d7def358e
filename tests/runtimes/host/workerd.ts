import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Readable } from "node:stream";
import type { Result } from "../suite.ts";
import { binaryOf } from "./binary.ts";

const within = 90_000;

/** As wrangler deploys it. The Worker may connect to this machine, for it sends requests to itself. */
const config = (
  bundle: string,
  date: string,
  flags: readonly string[],
) => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main), (name = "internet", network = (allow = ["private"]))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "worker.mjs", esModule = embed "${bundle}")],
  compatibilityDate = "${date}",
  compatibilityFlags = [${flags.map((flag) => `"${flag}"`).join(", ")}],
);
`;

/** Runs the suite in a Worker. */
export async function runWorkerd(bundle: string, date: string, flags: readonly string[]): Promise<readonly Result[]> {
  const file = join(dirname(bundle), `${date}.capnp`);
  writeFileSync(file, config(basename(bundle), date, flags));
  // It reports its port on the fourth stream.
  const child = spawn(binaryOf("workerd"), ["serve", file, "--control-fd=3"], {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
    timeout: within,
    killSignal: "SIGKILL",
  });
  let errors = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => (errors += text));
  const ended = once(child, "close");
  try {
    const port = await Promise.race([portOf(child.stdio[3] as Readable), ended.then(() => undefined)]);
    if (port === undefined) throw new Error("It did not start.");
    const response = await fetch(`http://127.0.0.1:${port}/suite`, { signal: AbortSignal.timeout(within) });
    if (!response.ok) throw new Error(`It answered with ${response.status}.`);
    return (await response.json()) as Result[];
  } catch (error) {
    throw new Error(`${String(error)}\n${errors}`, { cause: error });
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}

async function portOf(control: Readable): Promise<number | undefined> {
  let text = "";
  for await (const chunk of control.setEncoding("utf8")) {
    text += chunk as string;
    const port = /"port":(\d+)/.exec(text)?.[1];
    if (port !== undefined) return Number(port);
  }
  return undefined;
}
