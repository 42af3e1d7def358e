import * as api from "@opentelemetry/api";
import { SpanKind, SpanStatusCode, type Tracer } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import * as trace2 from "@opentelemetry/sdk-trace-base";

type Ended = trace2.ReadableSpan;

/** One version of OpenTelemetry's SDK for traces. */
export interface TraceSdk {
  readonly version: string;
  /** A tracer of its own, and what it makes. */
  traced(sampler?: trace2.Sampler): Traced;
}

/** A tracer, and the spans that it made. */
export class Traced {
  readonly tracer: Tracer;
  /** All that began, in the order in which they did. */
  readonly begun: Ended[];
  /** All that ended, in the order in which they did. A span that ends twice is there twice. */
  readonly ended: Ended[];

  constructor(tracer: Tracer, begun: Ended[], ended: Ended[]) {
    this.tracer = tracer;
    this.begun = begun;
    this.ended = ended;
  }

  /** The one of this name, or the one that began as the `nth`. */
  span(name: string, nth = 1): Ended {
    const found = this.begun.filter((span) => span.name === name)[nth - 1];
    if (found === undefined) throw new Error(`There is no ${name} number ${nth} among: ${this.tree}`);
    return found;
  }

  /** What began, as indented lines, siblings in the order in which they began: `GET client error=E503 sluice.attempt=2`. */
  get tree(): string {
    const below = (parent: string | undefined, depth: number): string[] =>
      this.begun
        .filter((span) => parentOf(span) === parent || (parent === undefined && this.isRoot(span)))
        .flatMap((span) => [`${"  ".repeat(depth)}${lineOf(span)}`, ...below(span.spanContext().spanId, depth + 1)]);
    return below(undefined, 0).join("\n");
  }

  private isRoot(span: Ended): boolean {
    return !this.begun.some((other) => other.spanContext().spanId === parentOf(span));
  }
}

function parentOf(span: Ended): string | undefined {
  return span.parentSpanContext?.spanId;
}

function lineOf({ name, kind, status, attributes, events, links }: Ended): string {
  return [
    name,
    ...(kind === SpanKind.INTERNAL ? [] : [SpanKind[kind].toLowerCase()]),
    ...(status.code === SpanStatusCode.UNSET ? [] : [SpanStatusCode[status.code].toLowerCase()]),
    ...Object.entries(attributes).map(([key, value]) => `${key}=${String(value)}`),
    ...events.map((event) => `(${event.name})`),
    ...links.map(() => "(link)"),
  ].join(" ");
}

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

/** The newest SDK, where it runs. */
const otel3 = major > 22 || (major === 22 && minor >= 15) ? await import("@sluice/test-kit/otel-3") : undefined;

const { context, diag } = otel3 ?? api;
// An API registers nothing beside another version of itself, which an earlier test file may have used.
Reflect.deleteProperty(globalThis, Symbol.for("opentelemetry.js.api.1"));
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

/** What the SDK and this package complain of. */
export const complaints: string[] = [];
const complain = (...words: unknown[]): void => void complaints.push(words.map(String).join(" "));
diag.setLogger({ error: complain, warn: complain, info() {}, debug() {}, verbose() {} });

interface Versioned {
  readonly provider: (config: object) => { getTracer(name: string): Tracer };
}

function sdk(version: string, { provider }: Versioned): TraceSdk {
  return {
    version,
    traced(sampler) {
      const [begun, ended]: [Ended[], Ended[]] = [[], []];
      const processor = {
        onStart: (span: unknown) => void begun.push(span as Ended),
        onEnd: (span: Ended) => void ended.push(span),
        forceFlush: async () => {},
        shutdown: async () => {},
      };
      const made = provider({ spanProcessors: [processor], ...(sampler === undefined ? {} : { sampler }) });
      return new Traced(made.getTracer("test"), begun, ended);
    },
  };
}

/** Those that run on this version of Node.js. */
export const traceSdks: readonly TraceSdk[] = [
  sdk("2", { provider: (config) => new trace2.BasicTracerProvider(config) }),
  ...(otel3 === undefined ? [] : [sdk("3", { provider: (config) => new otel3.TracerProvider(config) })]),
];
