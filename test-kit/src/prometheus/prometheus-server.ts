import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ended, endWithThisProcess, freePort } from "../program/index.ts";
import type { PrometheusPrograms } from "./prometheus-programs.ts";

/** One series of an answer. */
export interface PrometheusSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A server on a free loopback port, with its data in a temporary folder. `await using` ends it. */
export interface PrometheusServer extends AsyncDisposable {
  readonly origin: string;
  /** Runs an instant query. Rejects with the server's error. */
  query(expression: string): Promise<readonly PrometheusSample[]>;
  /** Repeats the query until it has a result, for 60 s at most. */
  until(
    expression: string,
    isOne: (samples: readonly PrometheusSample[]) => boolean,
  ): Promise<readonly PrometheusSample[]>;
  /** The answer of its API at a path, such as `rules`. */
  api(path: string): Promise<unknown>;
}

/**
 * @param config the content of its configuration file: JSON is YAML
 * @throws Error when it does not start
 */
export async function prometheusServer({ prometheus }: PrometheusPrograms, config: object): Promise<PrometheusServer> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-prometheus-"));
  writeFileSync(join(folder, "prometheus.json"), JSON.stringify(config));
  for (let tries = 1; ; tries++) {
    try {
      return await start(prometheus, folder);
    } catch (error) {
      // Another process may take a port that was free a moment ago.
      if (tries < 3) continue;
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }
}

async function start(program: string, folder: string): Promise<PrometheusServer> {
  const address = `127.0.0.1:${await freePort()}`;
  const origin = `http://${address}`;
  const args = [
    `--config.file=${join(folder, "prometheus.json")}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=${address}`,
    // The unpacked server does not find the files of its pages, which are not needed.
    "--log.level=warn",
  ];
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  endWithThisProcess(child);
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  child.once("error", (error) => (said += error.message));
  const api = async (path: string): Promise<unknown> => {
    const response = await fetch(`${origin}/api/v1/${path}`, { signal: AbortSignal.timeout(10_000) });
    const answer = (await response.json()) as {
      readonly status: string;
      readonly data: unknown;
      readonly error?: string;
    };
    if (answer.status !== "success") throw new Error(answer.error);
    return answer.data;
  };
  const query = async (expression: string): Promise<readonly PrometheusSample[]> => {
    const { result } = (await api(`query?query=${encodeURIComponent(expression)}`)) as {
      readonly result: readonly { readonly metric: Record<string, string>; readonly value: [number, string] }[];
    };
    return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  };
  try {
    await until("the server is ready", async () => {
      const isGone = child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
      if (isGone) throw new Error(`It ended:\n${said}`);
      const isReady = fetch(`${origin}/-/ready`, { signal: AbortSignal.timeout(5_000) });
      return isReady.then(
        ({ ok }) => ok,
        () => false,
      );
    });
  } catch (error) {
    await ended(child);
    throw error;
  }
  return {
    origin,
    api,
    query,
    async until(expression, isOne) {
      let samples: readonly PrometheusSample[] = [];
      await until(
        `${expression} has its answer`,
        async () => isOne((samples = await query(expression))),
        () => samples,
      );
      return samples;
    },
    async [Symbol.asyncDispose]() {
      await ended(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Repeats the question until the answer is true, for 60 s at most. */
async function until(what: string, asked: () => Promise<boolean>, seen: () => unknown = () => ""): Promise<void> {
  const latest = performance.now() + 60_000;
  while (!(await asked())) {
    if (performance.now() > latest) throw new Error(`It took too long until ${what}. ${JSON.stringify(seen())}`);
    await sleep(50);
  }
}
