import { schedules } from "@sluice/test-kit";
import { checkContract, type CheckOptions, type MakeLayer } from "@sluice/testing/contract";
import { expect, test } from "vitest";
import { failOnStatus, type HttpRequest, propagate } from "../../src/index.ts";

const requests: readonly HttpRequest[] = [{ url: "http://a/" }, { url: "http://b/", headers: { "x-id": "7" } }];

test.each<readonly [name: string, make: MakeLayer, more: CheckOptions]>([
  [
    "failOnStatus",
    () => failOnStatus(),
    {
      badOptions: [
        { option: "fails", value: 500, make: (fails: never) => failOnStatus(fails) },
        { option: "read", value: -1, make: (read: number) => failOnStatus(undefined, { read }) },
      ],
    },
  ],
  [
    "propagate, where there is nothing to say",
    () => propagate({ timeoutHeader: false, headers: () => ({}) }),
    { observes: true },
  ],
])(
  "%s keeps every promise of the contract, under random schedules",
  async (_name, make, more) => {
    const report = await checkContract(make, { runs: schedules(3_000), ...more });
    expect(report.ok ? "" : String(report)).toBe("");
  },
  120_000,
);

test("propagate keeps every promise but that the request inside is the very one that was reserved for: it has more headers", async () => {
  const report = await checkContract(({ clock }) => propagate({ clock, headers: () => ({ traceparent: "1" }) }), {
    runs: schedules(3_000),
    observes: true,
    requests,
    badOptions: [
      { option: "margin", value: -1, make: (margin: number) => propagate({ margin }) },
      { option: "timeoutHeader", value: "x: y", make: (timeoutHeader: string) => propagate({ timeoutHeader }) },
    ],
  });
  expect(report.broken.map(({ promised }) => promised)).toEqual(["What is called is the value reserved for."]);
}, 120_000);
