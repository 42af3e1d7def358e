import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { schedules } from "@sluice/test-kit";
import { describe, expect, test } from "vitest";
import { contractPromises, promiseNumbers, type Sentence } from "../src/contract/promises/promises.ts";
import { checkContract } from "../src/contract/index.ts";
import { brokenCalls } from "./helper/broken-calls.ts";
import { brokenReadiness } from "./helper/broken-readiness.ts";
import { brokenTime } from "./helper/broken-time.ts";
import { keptByOptions } from "./helper/kept-by-options.ts";
import { keptLayers, observingLayers } from "./helper/kept-layers.ts";

/** The same in each run, so that a failure can be looked at. */
const seed = 7;

test("the README says what is promised, in the words of the report", async () => {
  const readme = await readFile(join(import.meta.dirname, "../README.md"), "utf8");
  for (const number of promiseNumbers) {
    const { name, sentences } = contractPromises[number];
    expect(readme).toContain(`\n${number}. **${name}.** ${Object.values(sentences).join(" ")}\n`);
  }
});

describe("layers that keep every promise", () => {
  test.each(Object.entries(keptLayers))("%s", async (_, make) => {
    const report = await checkContract(make, { seed, runs: schedules(500) });
    expect(report.toString()).not.toContain("FAIL");
    expect(report.ok).toBe(true);
    report.assert();
  });

  test.each(keptByOptions.map((each) => ({ what: each[0], each })))(
    "$what, where the options say so",
    async ({ each: [, make, options, [number, verdict]] }) => {
      const report = await checkContract(make, { seed, runs: schedules(500), ...options });
      expect(report.toString()).not.toContain("FAIL");
      expect(report.toString()).not.toContain("it was never ready");
      const without = await checkContract(make, { seed, runs: 200 });
      expect(without.findings.find((finding) => finding.number === number)?.verdict).toBe(verdict);
    },
  );

  test.each(Object.entries(observingLayers))("%s, which only looks on", async (_, make) => {
    const report = await checkContract(make, { seed, runs: 50, observes: true });
    expect(report.toString()).not.toContain("FAIL");
  });
});

/** What the contract says, by the name that the sentence has here. */
const words = new Map(
  promiseNumbers.flatMap((number) =>
    Object.entries<string>(contractPromises[number].sentences).map(
      ([sentence, said]) => [sentence as Sentence, { number, said }] as const,
    ),
  ),
);

describe("layers that break one sentence of the contract", () => {
  const broken = [...brokenReadiness, ...brokenCalls, ...brokenTime];

  const named = broken.map((each) => ({ sentence: each[0], what: each[1], each }));

  test.each(named)("$sentence: a layer that $what", async ({ each: [sentence, , make, options] }) => {
    const { number, said } = words.get(sentence)!;
    const report = await checkContract(make, { seed, runs: 200, ...options });
    const finding = report.broken.find((other) => other.number === number);
    expect(finding?.promised).toBe(said);
    expect(() => {
      report.assert();
    }).toThrow(`FAIL ${String(number).padStart(2)}`);
    if (finding?.path === undefined) return;
    // The path alone shows the same again.
    const again = await checkContract(make, { ...options, seed, path: finding.path });
    const same = again.broken.find((other) => other.number === number);
    expect(same?.schedule).toEqual(finding.schedule);
  });

  test("there is one for each sentence that is checked", () => {
    expect(new Set(broken.map(([sentence]) => sentence))).toEqual(new Set(words.keys()));
  });
});
