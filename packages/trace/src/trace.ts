import { type CallOptions, type Clock, isRefusal, type Keeps, type Layer, layerFn, type Outcome } from "@sluice/core";
import {
  around,
  ask,
  type Behaviour,
  observe,
  Reservation,
  type Stack,
  stackOf,
  stackService,
} from "@sluice/core/internal";
import { readOptions, requireClock, requireFunction, requireLabel } from "@sluice/core/kit";
import { harmless, type Log, type Logger, logTo } from "./logger.ts";
import { randomId } from "./random-id.ts";
import { LazySpan, type SpanIds, spans } from "./span.ts";
import { parseTraceparent } from "./traceparent.ts";

/** Options of {@link trace}. */
export interface TraceOptions<in Req = unknown> {
  /** Where the beginning and the end of each call are written: pino, the console, or the like; default nowhere. */
  readonly logger?: Logger | undefined;
  /** The method of the logger for all but failures, which go to `warn`; default `"info"`. Refusals are written at `level`. */
  readonly level?: string | undefined;
  /**
   * The id that came with the request, such as the HTTP header `x-request-id`. Where it is no text, or empty, one is made. Not asked
   * inside another `trace`, which has the say. Default: none.
   */
  readonly requestId?: ((request: Req) => string | null | undefined) | undefined;
  /** Makes an id for a request that has none; default a random UUID, which also stands in where this one fails. */
  readonly generateId?: (() => string) | undefined;
  /**
   * The `traceparent` that came with the request, such as the HTTP header of this name. Where there is none, or an invalid
   * one, or several, a new trace begins. Not asked inside another `trace`, which has the say.
   */
  readonly traceparent?: ((request: Req) => string | readonly string[] | null | undefined) | undefined;
  /**
   * The ids of a span of another tracer that is active now, such as `activeSpan` of `@sluice/otel`. Log lines and
   * `currentTraceparent()` then have those, and a request one trace id. Where there is none, or an invalid one, this package makes its own.
   * Default: none.
   */
  readonly span?: (() => SpanIds | null | undefined) | undefined;
  /** Where durations are read; default `systemClock`. */
  readonly clock?: Clock | undefined;
  /** Tells this layer apart from other traces of a stack, for `describe`: `"attempt"`. Default: none. */
  readonly label?: string | undefined;
}

const name = "trace";

/**
 * Gives each call an id that any function below can read, however far down and after whatever wait, and a place in a
 * W3C trace (https://www.w3.org/TR/trace-context/). With a logger it writes the beginning and the end of each call.
 *
 * Inside a call that has an id already it keeps the id, and makes a span of its own in the same trace.
 *
 * The id is there from the call on. The wait for readiness comes before it: what runs there (a routing key, the function of
 * `mapRequest`) sees the id of the outer call, if any. So put `trace` outermost, and what absorbs readiness
 * (`loadShed`, `buffer`) inside it.
 *
 * It only looks on: it adds nothing to answers, and what its functions or its logger throw harms no call.
 *
 * @example
 * const service = new ServiceBuilder()
 *   .layer(trace({ logger: pino(), traceparent: (request: IncomingMessage) => request.headers["traceparent"] }))
 *   .serviceFn(async (request) => answer(request, currentRequestId()));
 *
 * @throws TypeError when an option is of another type
 * @throws Error where the runtime has no `AsyncLocalStorage`, as browsers have none
 */
export function trace<Req = unknown>(options?: TraceOptions<Req>): Layer<Keeps<Req>> {
  const given = readOptions(name, options, [
    "logger",
    "level",
    "requestId",
    "generateId",
    "traceparent",
    "span",
    "clock",
    "label",
  ]);
  const { logger, level = "info", requestId = none, generateId = randomId, traceparent = none } = given;
  requireFunction(name, "requestId", requestId);
  requireFunction(name, "generateId", generateId);
  requireFunction(name, "traceparent", traceparent);
  const adopted = given.span === undefined ? undefined : adopting(given.span);
  const clock = requireClock(name, given.clock);
  const label = requireLabel(name, given.label);
  const log = logTo(logger, level);
  const storage = spans;
  if (storage === undefined) {
    throw new Error("trace: this runtime has no AsyncLocalStorage; Workers have it with nodejs_compat");
  }

  const spanOf = (request: unknown): LazySpan => {
    const outer = storage.getStore();
    if (outer !== undefined) return new LazySpan(outer.requestId, outer, adopted);
    const id = textOf(harmless(() => requestId(request as Req))) ?? textOf(harmless(generateId)) ?? randomId();
    // A list of one becomes that one, a list of several and what is no string become something invalid.
    const header = harmless(() => String(traceparent(request as Req)));
    return new LazySpan(id, header, adopted);
  };
  const begin = log === undefined ? silent : logging(log, level, clock);
  const behaviour: Behaviour<any> = {
    start(reservation, request, callOptions, edge) {
      const span = spanOf(request);
      return storage.run(span, begin, span, reservation, request, callOptions, edge);
    },
    cancel({ inner }) {
      inner.cancel();
    },
  };
  const wrap = log === undefined ? around : timed;
  return layerFn<Keeps<Req>>(name, (service) => stackService(wrap(stackOf(service), behaviour, clock)), undefined, {
    label,
    traits: ["observes"],
  });
}

const none = (): undefined => undefined;

function textOf(id: unknown): string | undefined {
  return typeof id === "string" && id !== "" ? id : undefined;
}

/** Another tracer's span as a `traceparent`, where it is a valid one. */
function adopting(span: () => SpanIds | null | undefined): () => string | undefined {
  requireFunction(name, "span", span);
  return () =>
    harmless(() => {
      const ids = span();
      if (ids === undefined || ids === null) return undefined;
      const { traceId, spanId, traceFlags = 0 } = ids;
      const header = `00-${traceId}-${spanId}-0${traceFlags & 0b11}`;
      return parseTraceparent(header) && header;
    });
}

/** Begins a call within its span. */
type Begin = (
  span: LazySpan,
  reservation: Reservation<number>,
  request: unknown,
  options: CallOptions,
  edge: boolean,
) => Promise<unknown>;

/** Nothing is written, so that nothing needs to be observed. */
const silent: Begin = (_span, { inner }, request, options, edge) => inner.start(request, options, edge);

/** Writes within the span, so that a logger that asks for the current id finds it. */
function logging(log: Log, level: string, clock: Clock): Begin {
  return (span, { inner, state: waited }, request, options, edge) => {
    const begins = log.enabled(level);
    // Nothing is written, whatever becomes of it.
    if (!begins && !log.enabled("warn")) return inner.start(request, options, edge);
    if (begins) log.write(level, "request started", { ...span.fields, waited });
    const since = clock.now();
    const settled = (result: Outcome): void => {
      const { outcome, method, ...more } = endOf(result, options, level);
      if (!log.enabled(method)) return;
      log.write(method, `request ${outcome}`, { ...span.fields, duration: elapsed(clock, since), outcome, ...more });
    };
    return observe(inner.start(request, options, false), edge, { settled });
  };
}

/** How a call ended, at which level that is written, and what is written of it. */
interface End {
  readonly outcome: "completed" | "refused" | "aborted" | "failed";
  readonly method: string;
  readonly [more: string]: unknown;
}

function endOf(result: Outcome, options: CallOptions, level: string): End {
  if (result.status === "fulfilled") return { outcome: "completed", method: level };
  const reason: unknown = result.reason;
  if (harmless(() => options.signal?.aborted)) return { outcome: "aborted", method: level, err: reason };
  if (!isRefusal(reason)) return { outcome: "failed", method: "warn", err: reason };
  // Under overload there are many, and each says all there is to say: no error, no stack.
  const { layer, label, retryAfter } = reason;
  return { outcome: "refused", method: level, layer, label, reason: reason.reason, retryAfter };
}

/** As `around`, and a reservation holds how long the wait for readiness was, in milliseconds. */
function timed(inner: Stack, behaviour: Behaviour<any>, clock: Clock): Stack {
  const held = (waited: number, reservation: Reservation): Reservation =>
    new Reservation<any>(behaviour, waited, reservation);
  return {
    tryReserve(request) {
      const reservation = inner.tryReserve(request);
      return reservation && held(0, reservation);
    },
    reserve(asker) {
      const since = clock.now();
      ask(
        inner,
        asker,
        (reservation) => asker.granted(held(elapsed(clock, since), reservation)),
        (reason) => asker.failed(reason),
      );
    },
  };
}

/** In milliseconds: a clock that was set back is taken to have stood still. */
function elapsed(clock: Clock, since: number): number {
  return Math.max(0, clock.now() - since);
}
