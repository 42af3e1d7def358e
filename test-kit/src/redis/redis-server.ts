import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ended, endWithThisProcess, freePort } from "../program/index.ts";
import { type Reply, respClient } from "./resp-client.ts";
import { requireServer, type ServerProgram } from "./server-program.ts";

/** A server on a free loopback port, without persistence, in a temporary folder. `await using` ends it. */
export interface RedisServer extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  /** Sends one command over a separate connection. */
  command(...args: string[]): Promise<Reply>;
  /** Stops the process (SIGSTOP): connections stay open, without answers. */
  pause(): void;
  resume(): void;
  /** Kills it (SIGKILL), also while it is paused. */
  kill(): Promise<void>;
  /** Starts it again on the same port, after {@link RedisServer.kill}, without its data. */
  start(): Promise<void>;
}

/** @throws Error when there is no server on this machine, or it does not start */
export async function redisServer({ cluster = false }: { readonly cluster?: boolean } = {}): Promise<RedisServer> {
  const program = await requireServer();
  const folder = mkdtempSync(join(tmpdir(), "sluice-redis-"));
  const { port, child: first } = await startAnywhere(program, folder, cluster);
  let child = first;
  return {
    port,
    get pid() {
      return child.pid as number;
    },
    async command(...args) {
      using client = await respClient(port);
      return await client.send(args);
    },
    pause: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
    kill: () => ended(child),
    async start() {
      child = await startAt(program, folder, port, cluster);
    },
    async [Symbol.asyncDispose]() {
      await ended(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A cluster of `count` servers, each with an equal part of the slots. Resolves when all of them know it. */
export async function redisCluster(
  count: number,
): Promise<AsyncDisposable & { readonly servers: readonly RedisServer[] }> {
  const servers: RedisServer[] = [];
  const cluster = {
    servers,
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
    },
  };
  try {
    for (let index = 0; index < count; index++) {
      const server = await redisServer({ cluster: true });
      servers.push(server);
      const [from, to] = [index, index + 1].map((part) => Math.floor((16_384 * part) / count)) as [number, number];
      await server.command("CLUSTER", "ADDSLOTSRANGE", String(from), String(to - 1));
      await server.command("CLUSTER", "SET-CONFIG-EPOCH", String(index + 1));
      // The port of the cluster's bus is not the default one.
      const bus = await server.command("CONFIG", "GET", "cluster-port");
      const first = servers[0] as RedisServer;
      if (server !== first) {
        await first.command("CLUSTER", "MEET", "127.0.0.1", String(server.port), String((bus as readonly string[])[1]));
      }
    }
    await until("the cluster is up", async () => {
      const infos = await Promise.all(servers.map((server) => server.command("CLUSTER", "INFO")));
      return infos.every(
        (info) => /cluster_state:ok/.test(String(info)) && String(info).includes(`cluster_size:${count}`),
      );
    });
    return cluster;
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
}

/** Another process may take a port that was free a moment ago. */
async function startAnywhere(program: ServerProgram, folder: string, cluster: boolean) {
  for (let tries = 1; ; tries++) {
    const port = await freePort();
    try {
      return { child: await startAt(program, folder, port, cluster), port };
    } catch (error) {
      if (tries === 5) throw error;
    }
  }
}

async function startAt(program: ServerProgram, folder: string, port: number, cluster: boolean): Promise<ChildProcess> {
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder];
  if (cluster) args.push("--cluster-enabled", "yes", "--cluster-port", String(await freePort()));
  const child = spawn(program.path, args, { env: program.env, stdio: ["ignore", "pipe", "pipe"] });
  endWithThisProcess(child);
  let said = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (said += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (said += text));
  child.once("error", (error) => (said += error.message));
  try {
    await until("the server answers", async () => {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) throw new Error(said);
      using client = await respClient(port);
      // Another server on this port would also answer.
      return String(await client.send(["INFO", "server"])).includes(`process_id:${child.pid}\r`);
    });
    return child;
  } catch (error) {
    await ended(child);
    throw error;
  }
}

/** Repeats the question until the answer is true, for 60 s at most. A refused connection counts as false. */
async function until(what: string, asked: () => Promise<boolean>): Promise<void> {
  const latest = performance.now() + 60_000;
  for (;;) {
    try {
      if (await asked()) return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    }
    if (performance.now() > latest) throw new Error(`It took too long until ${what}.`);
    await sleep(10);
  }
}
