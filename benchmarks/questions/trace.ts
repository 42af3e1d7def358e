import { context, type Tracer } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { AlwaysOffSampler, BasicTracerProvider, type SpanProcessor } from "@opentelemetry/sdk-trace-base";
import { type AnyLayer, type Service, serviceFn } from "@sluice/core";
import { span } from "@sluice/otel";
import { trace } from "@sluice/trace";
import pino, { type Logger } from "pino";
import { answer, oneByOne } from "../harness/calls.ts";
import { perCall, type Question, type Variant } from "../harness/question.ts";

const bare: Variant = oneByOne("bare", "bare", () => answer);

function layered(name: string, make?: () => AnyLayer): Variant {
  return oneByOne(name, "sluice", () => {
    const leaf: Service<number, number> = serviceFn(answer);
    const service = make === undefined ? leaf : (make().wrap(leaf as never) as Service<number, number>);
    return (request: number) => service.call(request);
  });
}

/** The real pino, with lines that are made and discarded. */
const logger = (level: string): Logger => pino({ level }, { write() {} });

/** The real SDK, with spans that are made and discarded. Each variant is in a separate process, and has only this context. */
function tracer(sampler?: AlwaysOffSampler): Tracer {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const processor: SpanProcessor = {
    onStart() {},
    onEnd() {},
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  return new BasicTracerProvider({
    spanProcessors: [processor],
    ...(sampler === undefined ? {} : { sampler }),
  }).getTracer("measured");
}

export const question: Question = {
  title: "What do logs and spans cost a call, also where they are off?",
  about:
    "One call after the other around an async function that answers with its argument. Lines are those of pino, and spans those of OpenTelemetry's " +
    "SDK; both are made, and written nowhere.",
  groups: [
    {
      title: "Log lines: the begin and the end of each call",
      columns: perCall,
      reference: "trace, without a logger",
      variants: [
        bare,
        layered("serviceFn"),
        layered("trace, without a logger", () => trace()),
        layered("trace, pino at a level that is off", () => trace({ logger: logger("error") })),
        layered("trace, pino at a level that is on", () => trace({ logger: logger("info") })),
      ],
      goals: [{ of: "trace, pino at a level that is off", figure: "ns", to: "trace, without a logger", most: 1.3 }],
    },
    {
      title: "Spans",
      columns: perCall,
      reference: "span, without an SDK",
      variants: [
        bare,
        layered("serviceFn"),
        layered("span, without an SDK", () => span("measured")),
        layered("span, sampled out", () => span("measured", { tracer: tracer(new AlwaysOffSampler()) })),
        layered("span, recorded", () => span("measured", { tracer: tracer() })),
      ],
    },
  ],
};
