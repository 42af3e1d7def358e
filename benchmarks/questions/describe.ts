import { type AnyLayer, type AnyService, ServiceBuilder } from "@sluice/core";
import { buffer } from "@sluice/buffer";
import { describe } from "@sluice/describe";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import { meter } from "@sluice/meter";
import { retry, retryPolicy } from "@sluice/retry";
import { timeout } from "@sluice/timeout";
import { trace } from "@sluice/trace";
import { answer, oneByOne } from "../harness/calls.ts";
import type { Question } from "../harness/question.ts";

/** Ten layers, in the order that docs/order.md starts from. */
function tenLayers(): AnyService {
  const layers: readonly AnyLayer[] = [
    trace(),
    meter("edge"),
    loadShed(),
    timeout(1_000),
    buffer({ capacity: 100 }),
    retry(retryPolicy({ maxRetries: 2 })),
    rateLimit({ limit: 500, interval: 1_000 }),
    concurrencyLimit(50),
    timeout(200),
    meter("upstream"),
  ];
  return layers.reduceRight<AnyService>(
    (inner, layer) => layer.wrap(inner as never) as AnyService,
    new ServiceBuilder().serviceFn(answer),
  );
}

const columns = [
  { figure: "ns", label: "ns/call" },
  { figure: "bytes", label: "bytes" },
];

export const question: Question = {
  title: "What does it take to describe a stack?",
  about: "A stack of ten layers, described over and over: the tree, its numbers and its warnings, and then as text.",
  groups: [
    {
      title: "A stack of ten layers",
      columns,
      variants: [
        oneByOne("bare", "bare", () => answer),
        oneByOne("describe", "sluice", () => {
          const service = tenLayers();
          return () => Promise.resolve(describe(service));
        }),
        oneByOne("describe, as text", "sluice", () => {
          const service = tenLayers();
          return () => Promise.resolve(describe(service).toString());
        }),
      ],
      goals: [{ of: "describe", figure: "ns", most: 50_000 }],
    },
  ],
};
