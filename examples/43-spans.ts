// Where a request's time went
//
// Two orders come at once. The other side takes one call at a time, and fails the first. Each order's trace shows its attempts, and before
// each the time in line; the log lines of an order carry the ids of its trace.
//
// The failure it prevents: a trace with one bar of two seconds, which says that it was slow and not whether it was in line, was tried three
// times, or had to do with a slow service.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { ServiceBuilder } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { activeSpan, span } from "@sluice/otel";
import { exponentialBackoff, retry, retryPolicy } from "@sluice/retry";
import { trace } from "@sluice/trace";

// ── What an SDK does for you ─────────────────────────────────────────────────────────────────────────────────────────

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const tracer = provider.getTracer("shop");

// ── The stack ────────────────────────────────────────────────────────────────────────────────────────────────────────

const lines: Record<string, unknown>[] = [];
const write = (message: string, fields: object) => lines.push({ message, ...fields });

let failures = 1;
const orders = new ServiceBuilder()
  .layer(span("order", { tracer, attributes: (id: number) => ({ "order.id": id }) })) // the request
  .layer(trace({ logger: { info: write, warn: write }, span: activeSpan }))
  .layer(retry(retryPolicy({ maxRetries: 2, backoff: exponentialBackoff({ base: 10, max: 10 }) })))
  .layer(span("GET", { tracer, kind: "client" })) // each attempt
  .layer(concurrencyLimit(1))
  .serviceFn(async (id: number) => {
    await sleep(10);
    if (failures-- > 0) throw Object.assign(new Error("try again"), { code: "E503" });
    return `order ${id}`;
  });

await Promise.all([orders.call(1), orders.call(2)]);

// ── What is seen ─────────────────────────────────────────────────────────────────────────────────────────────────────

const finished = exporter.getFinishedSpans();
const idOf = (of: ReadableSpan) => of.spanContext().spanId;
const childrenOf = (parent: ReadableSpan) => finished.filter((each) => each.parentSpanContext?.spanId === idOf(parent));

function draw(of: ReadableSpan, depth: number): void {
  const attributes = Object.entries(of.attributes).map(([key, value]) => ` ${key}=${String(value)}`);
  console.log(`${"  ".repeat(depth)}${of.name}${attributes.join("")}`);
  for (const child of childrenOf(of)) draw(child, depth + 1);
}

const roots = finished.filter(({ parentSpanContext }) => parentSpanContext === undefined);
for (const root of roots) draw(root, 0);

const [first, second] = [1, 2].map((id) => roots.find(({ attributes }) => attributes["order.id"] === id)!);
const attempts = childrenOf(first!).filter(({ name }) => name === "GET");
assert.deepEqual(
  attempts.map(({ attributes }) => [attributes["error.type"], attributes["sluice.attempt"]]),
  [
    ["E503", undefined],
    [undefined, 2],
  ],
);
assert.equal(first!.status.code, 0); // what was retried and went well is no error of the order's
// The second order was in line: it has the wait, and its attempt has it, too.
assert.ok(childrenOf(second!).some(({ name }) => name === "order ready"));
// The log lines of an order lead to its trace.
for (const order of roots) {
  const own = lines.filter(({ traceId }) => traceId === order.spanContext().traceId);
  assert.deepEqual(
    own.map(({ message }) => message),
    ["request started", "request completed"],
  );
}
