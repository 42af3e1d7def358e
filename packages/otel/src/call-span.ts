import {
  type Attributes,
  type Context,
  context,
  INVALID_SPAN_CONTEXT,
  type Span,
  type SpanOptions,
  SpanKind,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import type { CallOptions, Outcome } from "@sluice/core";
import { type Inside, type Questioner, type QuestioningCaller, startObserved } from "@sluice/core/kit";
import { attemptIn, outsideAttempts } from "./attempts.ts";
import { DeferredSpan } from "./deferred-span.ts";
import { setFailure } from "./failed-span.ts";
import type { FirstAttempts } from "./first-attempts.ts";
import { harmless } from "./harmless.ts";

/** What all spans of a layer have in common. */
export interface SpanSettings {
  readonly name: string;
  readonly kind: SpanKind;
  readonly tracer: Tracer;
  readonly attributes: ((request: any) => Attributes | undefined) | undefined;
  readonly message: boolean;
  readonly firsts: FirstAttempts;
}

/** The span of one call: from when it has to wait, or else from its start, to its answer. */
export class CallSpan {
  private readonly settings: SpanSettings;
  /** What is reserved for; undefined for a blind reservation. */
  private readonly request: unknown;
  private span: Span | undefined = undefined;
  /** Of the wait. */
  private ready: Span | undefined = undefined;
  private signal: AbortSignal | undefined = undefined;
  /** Whether it began before its request was known. */
  private isBlind = false;
  /** The request that it has the attributes of. */
  private described: unknown = undefined;

  constructor(settings: SpanSettings, request: unknown) {
    this.settings = settings;
    this.request = request;
  }

  /**
   * Asks for readiness within the span, so that what waits further in is its child. The caller goes on outside of it: or the next attempt
   * would be a child of this one.
   */
  wait(ask: (questioner: Questioner) => void, caller: QuestioningCaller): void {
    const outside = context.active();
    this.signal = caller.signal;
    let answered = false;
    const deferred = new DeferredSpan(() => this.begun(outside, this.request));
    context.with(trace.setSpan(outside, deferred), ask, undefined, {
      granted: () => {
        answered = true;
        this.endReady();
        context.with(outside, caller.granted);
      },
      failed: (reason: unknown) => {
        answered = true;
        context.with(outside, caller.failed, undefined, reason);
      },
    });
    if (answered) return;
    const parent = trace.setSpan(outside, this.begun(outside, this.request));
    this.ready = startSpan(this.settings.tracer, `${this.settings.name} ready`, {}, parent);
  }

  start(inside: Inside, request: unknown, options: CallOptions): Promise<unknown> {
    const at = context.active();
    this.signal = harmless(() => options.signal);
    const span = this.begun(at, request);
    const { attributes, kind } = this.settings;
    // It began without this request: somebody waited blindly, or a layer outside has changed it since.
    if (attributes !== undefined && (this.isBlind || request !== this.described)) {
      harmless(() => span.setAttributes(attributes(request) ?? {}));
    }
    const within = trace.setSpan(kind === SpanKind.INTERNAL ? at : outsideAttempts(at), span);
    return context.with(within, startObserved, undefined, inside, request, options, (outcome: Outcome) => {
      this.settled(outcome);
    });
  }

  /** There is no permit. */
  failed(reason: unknown): void {
    const { ready, signal, settings } = this;
    if (ready !== undefined) harmless(() => setFailure(ready, reason, signal, settings.message));
    this.endReady();
    this.begun(context.active(), this.request);
    this.settled({ status: "rejected", reason });
  }

  /** The permit was released, unused. Nothing is told of one for which nobody waited. */
  released(): void {
    const { span } = this;
    // Who still has it as the active one does not begin it any more.
    this.span ??= none;
    if (span === undefined) return;
    this.endReady();
    harmless(() => {
      span.addEvent("sluice.released");
      span.end();
    });
  }

  private settled(outcome: Outcome): void {
    const { span, signal, settings } = this;
    harmless(() => {
      if (outcome.status === "rejected") setFailure(span!, outcome.reason, signal, settings.message);
    });
    harmless(() => span!.end());
  }

  private endReady(): void {
    const { ready } = this;
    this.ready = undefined;
    if (ready !== undefined) harmless(() => ready.end());
  }

  /** The span. It begins when it is first asked for. */
  private begun(at: Context, request: unknown): Span {
    if (this.span !== undefined) return this.span;
    // Who asks for the active span while it is being made gets this one.
    this.span = none;
    const { settings } = this;
    const { kind, firsts, tracer } = settings;
    const attempt = attemptIn(at);
    const parent = harmless(() => trace.getSpanContext(at));
    const attributes: Attributes = {};
    this.isBlind = request === undefined;
    this.described = request;
    if (request !== undefined && settings.attributes !== undefined) {
      harmless(() => Object.assign(attributes, context.with(at, settings.attributes!, undefined, request)));
    }
    if (attempt !== undefined) {
      attributes["sluice.attempt"] = attempt.attempt;
      if (kind === SpanKind.CLIENT) attributes["http.request.resend_count"] = attempt.attempt - 1;
    }
    const isHedge = attempt?.layer === "hedge";
    const slow = isHedge ? firsts.in(parent) : undefined;
    const links = slow === undefined ? {} : { links: [{ context: slow }] };
    const span = startSpan(tracer, settings.name, { kind, attributes, ...links }, at);
    if (!isHedge) harmless(() => firsts.add(parent, span.spanContext()));
    this.span = span;
    return span;
  }
}

const none = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

/** A sampler or a processor of somebody's own may throw. */
function startSpan(tracer: Tracer, name: string, options: SpanOptions, at: Context): Span {
  return harmless(() => tracer.startSpan(name, options, at)) ?? none;
}
