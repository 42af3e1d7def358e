import { checkContract } from "@sluice/testing/contract";
import { expect, test } from "vitest";
import { span } from "../src/index.ts";
import { recordingTracer } from "./helper/recording-tracer.ts";

/**
 * The SDK reads the time of the wall for its spans, which the check forbids a layer: so here a tracer stands in that only records.
 *
 * @returns how many spans were begun, and not ended or ended twice
 */
async function checked(
  runs: number,
): Promise<{ readonly begun: number; readonly open: number; readonly twice: number }> {
  const { tracer, counts } = recordingTracer();
  const report = await checkContract(() => span("checked", { tracer }), {
    observes: true,
    badOptions: [
      { option: "name", value: "", make: (name: string) => span(name) },
      { option: "kind", value: "CLIENT", make: (kind: "client") => span("checked", { kind }) },
    ],
    runs,
  });
  expect(report.ok ? "" : String(report)).toBe("");
  return { begun: counts.begun, open: counts.begun - counts.ended, twice: counts.endedTwice };
}

test("promise 19: it keeps every promise of the contract under random schedules, and each span that is begun is ended once", async () => {
  // One of the check's own scenarios ends while calls are in flight.
  const few = await checked(1);
  const many = await checked(3_000);
  expect(many.begun).toBeGreaterThan(few.begun + 3_000);
  expect(many).toEqual({ begun: many.begun, open: few.open, twice: 0 });
});
