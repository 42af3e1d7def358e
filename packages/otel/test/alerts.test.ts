import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prometheusForTests } from "@sluice/test-kit/prometheus";
import { describe, expect, test } from "vitest";

/*
 * Each alert is given an hour that it is for, and hours that it is not for, and the real promtool evaluates the rules once a minute. Series are
 * written as promtool has them: `0+60x60` grows by 60 a minute for an hour, which is 1 a second.
 */
const rulesFile = join(import.meta.dirname, "../grafana/alerts.json");
const { rules } = (JSON.parse(readFileSync(rulesFile, "utf8")) as { groups: [{ rules: Rule[] }] }).groups[0];

interface Rule {
  readonly alert?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly runbook_url: string };
}

/** An hour, series by series. */
type Hour = Readonly<Record<string, string>>;

interface Case {
  readonly alert: string;
  /** What it is for. */
  readonly breaking: Hour;
  /** It does not fire yet at the first of these minutes, and does at the second. */
  readonly minutes: readonly [notYet: number, fires: number];
  readonly labels: Readonly<Record<string, string>>;
  readonly summary: string;
  /** What it is not for, by what that is. At no minute does it fire. */
  readonly quiet: Readonly<Record<string, Hour>>;
}

const meter = `job="shop", sluice_meter_name="orders"`;
const waited = (a: string) => ({ [`sluice_ready_wait_duration_seconds_sum{${meter}}`]: a });
const took = (a: string) => ({ [`sluice_call_duration_seconds_sum{${meter}}`]: a });
const refused = (a: string) => ({
  [`sluice_ready_refused_total{${meter}, sluice_layer="concurrencyLimit"}`]: a,
});
const granted = (a: string) => ({ [`sluice_permit_granted_total{${meter}}`]: a });
const calls = (a: string) => ({ [`sluice_calls_total{${meter}, sluice_outcome="ok"}`]: a });
const timedOut = (a: string) => ({
  [`sluice_calls_total{${meter}, sluice_outcome="failed", error_type="ERR_SLUICE_TIMEOUT"}`]: a,
});
const overloaded = (a: string) => ({
  [`sluice_calls_total{${meter}, sluice_outcome="failed", error_type="ERR_SLUICE_OVERLOADED"}`]: a,
});
const turnedAway = (a: string) => ({
  [`sluice_ready_failed_total{${meter}, sluice_outcome="failed", error_type="ERR_SLUICE_OVERLOADED"}`]: a,
});
const event = (type: string, a: string, reason?: string, by = "retry") => ({
  [`sluice_events_total{job="shop", sluice_event_type="${type}", sluice_layer="${by}"${
    reason === undefined ? "" : `, sluice_reason="${reason}"`
  }}`]: a,
});
const gauge = (name: string, a: string) => ({ [`${name}{${meter}}`]: a });
const layer = `job="shop", sluice_stack_name="orders", sluice_layer="concurrencyLimit", sluice_layer_id="ni"`;
const ofLayer = (name: string, a: string) => ({ [`sluice_layer_${name}{${layer}}`]: a });

const meterLabels = { job: "shop", sluice_meter_name: "orders" };
const layerLabels = {
  job: "shop",
  sluice_stack_name: "orders",
  sluice_layer: "concurrencyLimit",
  sluice_layer_id: "ni",
};

const cases: readonly Case[] = [
  {
    alert: "SluiceLineGrows",
    breaking: { ...waited("0+240x60"), ...took("0+300x60") }, // 4 wait, 5 are in flight
    minutes: [9, 30],
    labels: meterLabels,
    summary: "orders: for each two calls in flight more than one waits",
    quiet: {
      "fewer than two wait": { ...waited("0+60x60"), ...took("0+60x60") },
      "many wait, and many more are in flight": { ...waited("0+240x60"), ...took("0+600x60") },
      "a burst of five minutes": { ...waited("0x10 0+240x5 1200x45"), ...took("0+300x60") },
    },
  },
  {
    alert: "SluiceRefuses",
    breaking: { ...refused("0+2x60"), ...granted("0+98x60") },
    minutes: [9, 30],
    labels: meterLabels,
    summary: "orders refuses 2%",
    quiet: {
      "one in two hundred": { ...refused("0+1x60"), ...granted("0+199x60") },
      "nobody comes": { ...refused("5x60"), ...granted("100x60") },
      "nobody was ever refused": granted("0+100x60"),
    },
  },
  {
    alert: "SluiceRefusesMuch",
    breaking: { ...refused("0+20x60"), ...granted("0+80x60") },
    minutes: [2, 10],
    labels: meterLabels,
    summary: "orders refuses 20%",
    quiet: { "one in twenty": { ...refused("0+5x60"), ...granted("0+95x60") } },
  },
  {
    // At a meter outside of what sheds: all are granted a permit, and one in four of the calls is refused.
    alert: "SluiceRefusesMuch",
    breaking: { ...overloaded("0+25x60"), ...calls("0+75x60"), ...granted("0+100x60") },
    minutes: [2, 10],
    labels: meterLabels,
    summary: "orders refuses 25%",
    quiet: { "calls fail for another reason": { ...timedOut("0+50x60"), ...granted("0+100x60") } },
  },
  {
    // By a line that is full, or full of the more important: readiness fails, and nobody is asked to come back.
    alert: "SluiceRefusesMuch",
    breaking: { ...turnedAway("0+25x60"), ...granted("0+75x60") },
    minutes: [2, 10],
    labels: meterLabels,
    summary: "orders refuses 25%",
    quiet: { "one in twenty": { ...turnedAway("0+5x60"), ...granted("0+95x60") } },
  },
  {
    // Each by one of them: what is refused in three ways is refused.
    alert: "SluiceRefusesMuch",
    breaking: { ...turnedAway("0+4x60"), ...overloaded("0+4x60"), ...refused("0+4x60"), ...granted("0+92x60") },
    minutes: [2, 10],
    labels: meterLabels,
    summary: "orders refuses 12%",
    quiet: { "one in twenty of each two": { ...turnedAway("0+5x60"), ...overloaded("0+4x60"), ...granted("0+95x60") } },
  },
  {
    alert: "SluiceRetryBudgetSpent",
    breaking: event("retry-denied", "0+1x60", "budget"),
    minutes: [4, 20],
    labels: { job: "shop", sluice_layer: "retry" },
    summary: "Retries are denied for want of budget: what is called is failing broadly",
    quiet: {
      "retries end for another reason": event("retry-denied", "0+9x60", "exhausted"),
      "it was spent once": event("retry-denied", "0x10 7x50", "budget"),
    },
  },
  {
    alert: "SluiceCircuitOpen",
    breaking: event("state", "0+2x60", "open", "circuitBreaker"),
    minutes: [4, 20],
    labels: { job: "shop", sluice_layer: "circuitBreaker" },
    summary: "A circuit opens again and again: what is behind it fails",
    quiet: {
      "it has opened once, and closed": event("state", "0x10 1x50", "open", "circuitBreaker"),
      "it closes": event("state", "0+2x60", "closed", "circuitBreaker"),
      "a connection opens again and again": event("state", "0+2x60", "open", "reconnect"),
    },
  },
  {
    alert: "SluiceRetriesMultiplyLoad",
    breaking: { ...event("retry", "0+30x60"), ...calls("0+100x60") },
    minutes: [9, 30],
    labels: { job: "shop" },
    summary: "More than one retry for each five calls",
    quiet: { "one retry for ten calls": { ...event("retry", "0+10x60"), ...calls("0+100x60") } },
  },
  {
    alert: "SluiceTimesOut",
    breaking: { ...timedOut("0+10x60"), ...calls("0+90x60") },
    minutes: [4, 20],
    labels: meterLabels,
    summary: "orders: 10% of the calls end in a timeout",
    quiet: { "one in a hundred": { ...timedOut("0+1x60"), ...calls("0+99x60") } },
  },
  {
    alert: "SluiceWorkHangs",
    breaking: gauge("sluice_work_abandoned", "0x10 1x50"),
    minutes: [20, 40],
    labels: meterLabels,
    summary: "orders: work goes on that nobody waits for, and holds capacity",
    quiet: {
      "it settles within minutes": gauge("sluice_work_abandoned", "0 1x5 0 2x5 0x48"),
      "the process has just begun": gauge("sluice_work_abandoned", "1x8 0x52"),
    },
  },
  {
    alert: "SluicePermitsUnspent",
    breaking: gauge("sluice_permit_reserved", "0x10 3x50"),
    minutes: [20, 40],
    labels: meterLabels,
    summary: "orders: permits are reserved and never spent or given back",
    quiet: { "they are spent": gauge("sluice_permit_reserved", "0 1 0 2 1 0x55") },
  },
  {
    alert: "SluiceLimitFull",
    breaking: { ...ofLayer("active", "10x60"), ...ofLayer("max", "10x60") },
    minutes: [9, 30],
    labels: layerLabels,
    summary: "orders concurrencyLimit: nine in ten of its slots are taken",
    quiet: {
      "half of its slots": { ...ofLayer("active", "5x60"), ...ofLayer("max", "10x60") },
      "it is closed: 0 of 0": { ...ofLayer("active", "0x60"), ...ofLayer("max", "0x60") },
      "it has no bound": ofLayer("active", "1000x60"),
    },
  },
  {
    alert: "SluiceHolderStuck",
    breaking: ofLayer("oldest_seconds", "0+60x60"),
    minutes: [5, 20],
    labels: layerLabels,
    summary: "orders concurrencyLimit: somebody has held a slot for 20m 0s",
    quiet: { "each leaves within a minute": ofLayer("oldest_seconds", "0 59 10 59 0x56") },
  },
];

const programs = await prometheusForTests();

async function promtool(...args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(programs!.promtool, args, { timeout: 60_000 }, (error, stdout, stderr) => {
      resolve(error === null ? "SUCCESS" : `${error.message}\n${stdout}\n${stderr}`);
    });
  });
}

function testOf(hour: Hour, alerts: readonly object[]): object {
  return {
    interval: "1m",
    input_series: Object.entries(hour).map(([series, values]) => ({ series, values })),
    alert_rule_test: alerts,
  };
}

function expected({ alert, labels, summary }: Case): object {
  const rule = rules.find((each) => each.alert === alert)!;
  return {
    exp_labels: { ...labels, severity: rule.labels.severity },
    exp_annotations: { summary, runbook_url: rule.annotations.runbook_url },
  };
}

async function tested(tests: readonly object[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-alerts-"));
  try {
    const file = join(folder, "tests.json");
    writeFileSync(file, JSON.stringify({ rule_files: [rulesFile], evaluation_interval: "1m", tests }));
    return await promtool("test", "rules", file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("there is a made-up hour for each alert", () => {
  expect(new Set(cases.map(({ alert }) => alert))).toEqual(new Set(rules.flatMap(({ alert = [] }) => alert)));
});

// Without the real Prometheus, on a machine of somebody's own, one line has said so. In CI that is a failure.
describe.each(programs === undefined ? [] : [programs])("by the real Prometheus", () => {
  test("promtool finds nothing against the rules", async () => {
    expect(await promtool("check", "rules", rulesFile)).toBe("SUCCESS");
  });

  test.each(cases)("$alert fires when it is to, and not before", async (each) => {
    const [notYet, fires] = each.minutes;
    const none = { alertname: each.alert, eval_time: `${notYet}m`, exp_alerts: [] };
    const one = { alertname: each.alert, eval_time: `${fires}m`, exp_alerts: [expected(each)] };
    expect(await tested([testOf(each.breaking, [none, one])])).toBe("SUCCESS");
  });

  test.each(cases.flatMap(({ alert, quiet }) => Object.entries(quiet).map(([why, hour]) => ({ alert, why, hour }))))(
    "$alert is quiet while $why",
    async ({ alert, hour }) => {
      const minutes = Array.from({ length: 60 }, (_, minute) => minute);
      const none = minutes.map((minute) => ({ alertname: alert, eval_time: `${minute}m`, exp_alerts: [] }));
      expect(await tested([testOf(hour, none)])).toBe("SUCCESS");
    },
  );

  test("an hour that is expected to end otherwise is found out", async () => {
    const { breaking, alert } = cases[0]!;
    expect(await tested([testOf(breaking, [{ alertname: alert, eval_time: "30m", exp_alerts: [] }])])).toContain(
      "FAILED",
    );
  });
});
