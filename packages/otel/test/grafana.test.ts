import { readFileSync } from "node:fs";
import { events, type Gate, gate, ServiceBuilder } from "@sluice/core";
import { parser } from "@prometheus-io/lezer-promql";
import { meter } from "@sluice/meter";
import { failureOf } from "@sluice/test-kit";
import { beforeAll, describe, expect, test } from "vitest";
import { meterProducer } from "../src/index.ts";
import { Samples } from "./helper/samples.ts";
import { sdks } from "./helper/sdks.ts";
import { worked } from "./helper/worked.ts";

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: string }[] };
}

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly annotations?: { readonly summary: string; readonly runbook_url: string };
}

const root = `${import.meta.dirname}/..`;
const read = (file: string): unknown => JSON.parse(readFileSync(`${root}/grafana/${file}`, "utf8"));
const dashboard = read("sluice.json") as Dashboard;
const { rules } = (read("alerts.json") as { readonly groups: readonly [{ readonly rules: readonly Rule[] }] })
  .groups[0];

const page = readFileSync(`${root}/../../docs/observability.md`, "utf8");
/** Those that the page gives to whoever is on call, a line each. */
const onThePage = Array.from(page.matchAll(/```promql\n(.*?)```/gs), ([, block]) => block!)
  .flatMap((block) => block.split("\n"))
  .filter((line) => line !== "" && !line.startsWith("#"));

/** Every query, by what it is for. Grafana fills in `$__rate_interval`. */
const queries: readonly (readonly [string, string])[] = [
  ...dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => [title, expr.replaceAll("$__rate_interval", "5m")] as const),
  ),
  ...rules.map(({ record, alert, expr }) => [(record ?? alert)!, expr] as const),
  ...onThePage.map((query) => ["docs/observability.md", query] as const),
];

/** The texts of all nodes of a kind in a query. It throws where the query does not parse. */
function nodesOf(query: string, kind: string): readonly string[] {
  const found: string[] = [];
  parser
    .configure({ strict: true })
    .parse(query)
    .iterate({
      enter({ name, from, to }) {
        if (name === kind) found.push(query.slice(from, to));
      },
    });
  return found;
}

const identifier = (selector: string): string => /^[\w:]+/.exec(selector)![0];

/** A gate whose readiness fails. */
const open: Gate<unknown> = {
  tryAcquire() {
    throw new Error("open");
  },
  acquire: () => Promise.reject(new Error("open")),
};

/** The labels of each metric that a scrape offers, and of each that is recorded. */
const offered = new Map<string, Set<string>>();

beforeAll(async () => {
  const { seen, service, end } = await worked();
  const closed = meter("closed");
  const failing = new ServiceBuilder()
    .layer(closed)
    .layer(gate(open, { name: "open" }))
    .serviceFn(async () => {});
  await failureOf(failing.ready());
  using producer = meterProducer({ meters: [seen, closed], stacks: { orders: service }, unitSuffix: true });
  events.emit({ type: "retry-denied", layer: "retry", source: {}, reason: "budget" });
  const { all } = new Samples(await sdks[0]!.scrape(producer));
  for (const { name, labels } of all) {
    const known = offered.get(name) ?? new Set(["job"]); // which Prometheus adds
    offered.set(name, known);
    for (const label of Object.keys(labels)) known.add(label);
  }
  for (const { record } of rules) if (record !== undefined) offered.set(record, new Set(["job", "sluice_meter_name"]));
  await end();
});

describe("promise 24: every query of the dashboard and of the alerts", () => {
  test.each(queries)(
    "%s: parses, by Prometheus's own parser, and asks for metrics and labels that there are",
    (_for, query) => {
      const selectors = nodesOf(query, "VectorSelector");
      expect(selectors).not.toEqual([]);
      for (const selector of selectors) {
        const labels = offered.get(identifier(selector));
        expect(labels && [identifier(selector)]).toEqual([identifier(selector)]);
        for (const label of nodesOf(selector, "LabelName")) expect(labels).toContain(label);
      }
      const all = new Set(selectors.flatMap((selector) => [...(offered.get(identifier(selector)) ?? [])]));
      for (const label of nodesOf(query, "LabelName")) expect(all).toContain(label);
    },
  );

  test("a query that does not parse, or asks for something else, would be found", () => {
    expect(() => nodesOf("sum by (job (up)", "LabelName")).toThrow(SyntaxError);
    expect(nodesOf('sum by (job) (rate(up{le="1"}[5m]))', "VectorSelector")).toEqual(['up{le="1"}']);
    expect(nodesOf('sum by (job) (rate(up{le="1"}[5m]))', "LabelName")).toEqual(["job", "le"]);
    expect(offered.has("up")).toBe(false);
  });

  test("each of the exported metrics that shows trouble is in the dashboard", () => {
    const asked = new Set(queries.flatMap(([, query]) => nodesOf(query, "VectorSelector").map(identifier)));
    const shown = ["sluice_ready_waiting", "sluice_ready_refused_total", "sluice_ready_failed_total"];
    const more = ["sluice_work_abandoned", "sluice_permit_reserved", "sluice_calls_total", "sluice_events_total"];
    for (const name of [...shown, ...more]) expect(asked).toContain(name);
  });

  test("the dashboard's variables choose by labels of a metric that there is", () => {
    const chosen = dashboard.templating.list.flatMap(({ query }) => {
      const [, selector, label] = /^label_values\((.*), (\w+)\)$/.exec(query) ?? [];
      return selector === undefined ? [] : [[identifier(selector), label!] as const];
    });
    expect(chosen).toHaveLength(2);
    for (const [name, label] of chosen) expect(offered.get(name)).toContain(label);
  });
});

test("each alert has a summary, and leads to a section that there is", () => {
  expect(onThePage).not.toEqual([]);
  const sections = Array.from(page.matchAll(/^#+ (.+)$/gm), ([, title]) => title!.toLowerCase().replaceAll(" ", "-"));
  const alerts = rules.filter(({ alert }) => alert !== undefined);
  expect(alerts).not.toEqual([]);
  for (const { annotations } of alerts) {
    expect(annotations!.summary).not.toBe("");
    expect(sections).toContain(annotations!.runbook_url.split("#")[1]);
  }
});
