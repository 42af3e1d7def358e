import type { Span } from "@opentelemetry/api";

/**
 * A span that begins when it is first used: when something becomes its child, for instance. It is the active one while readiness is asked
 * for, when it is not known yet whether anybody has to wait.
 */
export class DeferredSpan implements Span {
  private readonly begun: () => Span;

  /** @param begun begins the span, and returns the same one each time */
  constructor(begun: () => Span) {
    this.begun = begun;
  }

  spanContext(): ReturnType<Span["spanContext"]> {
    return this.begun().spanContext();
  }

  setAttribute(...args: Parameters<Span["setAttribute"]>): this {
    this.begun().setAttribute(...args);
    return this;
  }

  setAttributes(...args: Parameters<Span["setAttributes"]>): this {
    this.begun().setAttributes(...args);
    return this;
  }

  addEvent(...args: Parameters<Span["addEvent"]>): this {
    this.begun().addEvent(...args);
    return this;
  }

  addLink(...args: Parameters<Span["addLink"]>): this {
    this.begun().addLink(...args);
    return this;
  }

  addLinks(...args: Parameters<Span["addLinks"]>): this {
    this.begun().addLinks(...args);
    return this;
  }

  setStatus(...args: Parameters<Span["setStatus"]>): this {
    this.begun().setStatus(...args);
    return this;
  }

  updateName(...args: Parameters<Span["updateName"]>): this {
    this.begun().updateName(...args);
    return this;
  }

  end(...args: Parameters<Span["end"]>): void {
    this.begun().end(...args);
  }

  isRecording(): boolean {
    return this.begun().isRecording();
  }

  recordException(...args: Parameters<Span["recordException"]>): void {
    this.begun().recordException(...args);
  }
}
