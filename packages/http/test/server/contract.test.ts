import { schedules } from "@sluice/test-kit";
import { checkContract, type CheckOptions } from "@sluice/testing/contract";
import { expect, test } from "vitest";
import { answerFailures, limitBody, rateLimitFields, untilBodyEnds } from "../../src/index.ts";

const requests = ["a", "b", "c"].map((path) => new Request(`http://test/${path}`));
const responses = [200, 201, 202].map((status) => new Response(null, { status }));
const wrong = 5 as never;
const quota = { available: 1, limit: 5, interval: 1_000 };

test.each<readonly [name: string, make: () => object, options: CheckOptions]>([
  [
    "answerFailures",
    () => answerFailures(),
    { absorbs: true, answers: true, badOptions: [() => answerFailures(wrong)] },
  ],
  ["answerFailures, that waits", () => answerFailures({}, { wait: true }), { answers: true }],
  ["rateLimitFields", () => rateLimitFields({ rate: quota }), { badOptions: [() => rateLimitFields(wrong)] }],
  ["limitBody", () => limitBody(10), { observes: true, badOptions: [() => limitBody(-1)] }],
  ["untilBodyEnds", () => untilBodyEnds(), { badOptions: [() => untilBodyEnds(wrong)] }],
])("%s keeps every promise of the contract that applies to it", async (_name, make, options) => {
  const report = await checkContract(make as never, { requests, responses, runs: schedules(3_000), ...options });
  expect(report.ok ? "" : String(report)).toBe("");
});
