import { type ChildProcessByStdio, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { prometheusForTests, type PrometheusSample, prometheusServer } from "@sluice/test-kit/prometheus";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../../..");
const rulesFile = join(root, "packages/otel/grafana/alerts.json");
const dashboard = JSON.parse(readFileSync(join(root, "packages/otel/grafana/sluice.json"), "utf8")) as {
  readonly panels: readonly { readonly targets?: readonly { readonly expr: string }[] }[];
};

/** The gateway that the demo serves, in a process group of its own. `await using` ends it, with all that it started. */
async function gateway(): Promise<AsyncDisposable & { readonly address: string }> {
  const demo: ChildProcessByStdio<null, Readable, null> = spawn(
    process.execPath,
    [join(import.meta.dirname, "../src/main.ts"), "--serve"],
    { detached: true, stdio: ["ignore", "pipe", "inherit"] },
  );
  const closed = new Promise<void>((resolve) => demo.once("close", () => resolve()));
  const end = async (): Promise<void> => {
    try {
      process.kill(-demo.pid!, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await closed;
  };
  let said = "";
  try {
    const address = await new Promise<string>((resolve, reject) => {
      demo.stdout.setEncoding("utf8").on("data", (text: string) => {
        said += text;
        const [, found] = /gateway listens at http:\/\/([\d.]+:\d+)/.exec(said) ?? [];
        if (found !== undefined) resolve(found);
      });
      void closed.then(() => reject(new Error(`It never listened:\n${said}`)));
    });
    return { address, [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
}

const programs = await prometheusForTests();

// Without the real Prometheus, on a machine of somebody's own, one line has said so. In CI that is a failure.
describe.each(programs === undefined ? [] : [programs])("with the real Prometheus", (found) => {
  test("it scrapes the demo, its rules are evaluated, and every query of the dashboard has an answer", async () => {
    await using demo = await gateway();
    await using prometheus = await prometheusServer(found, {
      global: { scrape_interval: "200ms", evaluation_interval: "200ms" },
      rule_files: [rulesFile],
      scrape_configs: [{ job_name: "demo", static_configs: [{ targets: [demo.address] }] }],
    });
    const asked = async (path: string): Promise<number> => {
      const response = await fetch(`http://${demo.address}${path}`, { signal: AbortSignal.timeout(30_000) });
      await response.arrayBuffer();
      return response.status;
    };
    const some = (samples: readonly PrometheusSample[]): boolean => samples.length > 0;
    // Of a counter that is there from the start, the server must have seen the start: else it does not know of a rise.
    await prometheus.until('sluice_calls_total{sluice_meter_name="report",sluice_outcome="ok"} == 0', some);
    const statuses = await Promise.all(Array.from({ length: 40 }, (_, id) => asked(`/report?id=${id}`)));
    const answered = statuses.filter((status) => status === 200).length;
    const refused = statuses.filter((status) => status === 503).length;
    expect([answered > 0, refused > 0]).toEqual([true, true]);

    const calls = 'sluice_calls_total{job="demo",sluice_meter_name="report"';
    const is = (count: number) => (samples: readonly PrometheusSample[]) =>
      samples.length === 1 && samples[0]!.value === count;
    await prometheus.until(`${calls},sluice_outcome="ok"}`, is(answered));
    await prometheus.until(`${calls},sluice_outcome="failed",error_type="ERR_SLUICE_OVERLOADED"}`, is(refused));
    const max = await prometheus.query('sluice_layer_max{sluice_stack_name="report"}');
    expect(max.map(({ labels, value }) => [labels["sluice_layer"], value])).toEqual([["concurrencyLimit", 6]]);
    await prometheus.until('sluice:active:mean5m{sluice_meter_name="report"} > 0', some);

    const { groups } = (await prometheus.api("rules")) as {
      readonly groups: readonly { readonly rules: readonly { readonly name: string; readonly health: string }[] }[];
    };
    const rules = groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(12);
    expect(rules.filter(({ health }) => health !== "ok")).toEqual([]);
    for (const { targets = [] } of dashboard.panels) {
      for (const { expr } of targets) {
        await prometheus.until(expr.replaceAll("$__rate_interval", "1m").replaceAll(/\$\w+/g, ".*"), some);
      }
    }

    // Who does not ask as Prometheus does is told in JSON.
    const response = await fetch(`http://${demo.address}/metrics`);
    expect(response.headers.get("content-type")).toContain("application/json");
    expect(await response.json()).toMatchObject({ meters: expect.any(Array) });
  });
});
