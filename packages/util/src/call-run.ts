import type { Clock, Permit, Service } from "@sluice/core";
import { LinkedList, LinkedNode, promiseOf } from "@sluice/core/kit";

/** How many responses may wait for their turn, for each of the most calls that have run at once. */
const aheadOfEach = 4;

/**
 * How many requests are pulled on microtasks alone. The next one waits for a timer of 0 ms: or requests that are there at once, without
 * an end, and a service that is always ready, would let no timer, no signal and no answer from outside have a turn for ever.
 */
const pullsAtOnce = 1_000;

/** Where requests come from. */
export type Source<Req> = AsyncIterator<Req> | Iterator<Req>;

/** One call, from the pulling of its request on. */
class Call<Res> extends LinkedNode<Call<Res>> {
  readonly controller: AbortController = new AbortController();
  answer: { readonly response: Res } | undefined;
}

/** One run of `callAll`: what it has pulled, and what it has not yielded yet. */
export class CallRun<Req, Res> {
  private readonly service: Service<Req, Res>;
  private readonly ordered: boolean;
  private readonly maxAhead: number | undefined;
  private readonly clock: Clock;
  /** Who is to be yielded: in order, those in flight among them; else those that are answered. */
  private readonly turns: LinkedList<Call<Res>> = new LinkedList();
  private readonly inFlight: Set<Call<Res>> = new Set();
  /** The most calls that were in flight at once. */
  private most = 1;
  /** Who waits for readiness: one at most. */
  private waiting: Call<Res> | undefined;
  private pulling = false;
  /** Requests pulled since the pulling last waited for a timer. */
  private pulls = 0;
  /** What the pulling waits for. */
  private timer: unknown;
  private source: "open" | "asked" | "ended" = "open";
  private failure: { readonly reason: unknown } | undefined;
  private stopped = false;
  /** Lets the generator look again. */
  private wake: () => void = () => {};

  constructor(service: Service<Req, Res>, ordered: boolean, maxAhead: number | undefined, clock: Clock) {
    this.service = service;
    this.ordered = ordered;
    this.maxAhead = maxAhead;
    this.clock = clock;
  }

  async *responses(open: () => Source<Req>): AsyncGenerator<Res, void, undefined> {
    const source = open();
    try {
      while (!this.stopped) {
        const { first } = this.turns;
        if (first?.answer !== undefined) {
          this.turns.remove(first);
          yield first.answer.response;
        } else if (this.over && this.inFlight.size === 0) {
          break;
        } else {
          const woken = new Promise<void>((resolve) => {
            this.wake = resolve;
          });
          if (!this.pulling && !this.over && !this.isFarAhead) void this.pull(source);
          await woken;
        }
      }
      if (this.failure !== undefined) throw this.failure.reason;
    } finally {
      this.stop();
      await this.close(source);
    }
  }

  /** No request is pulled or called any more, and what is in flight is told so. */
  stop(): void {
    this.stopped = true;
    if (this.timer !== undefined) this.clock.clearTimeout(this.timer);
    this.waiting?.controller.abort();
    for (const call of this.inFlight) call.controller.abort();
    this.wake();
  }

  /** Whether no more requests are pulled. */
  private get over(): boolean {
    return this.stopped || this.failure !== undefined || this.source === "ended";
  }

  /** Whether enough responses wait for their turn. Unordered, none does while a response is asked for. */
  private get isFarAhead(): boolean {
    return this.ordered && this.turns.size - this.inFlight.size >= (this.maxAhead ?? aheadOfEach * this.most);
  }

  /** Pulls one request, and calls the service with it once there is a permit for it. Never rejects. */
  private async pull(source: Source<Req>): Promise<void> {
    this.pulling = true;
    try {
      if (this.pulls === pullsAtOnce) await this.turn();
      // A failure may have come meanwhile.
      const request = this.over ? undefined : await this.ask(source);
      if (request !== undefined && !this.over) await this.reserve(request.value);
    } catch (reason) {
      this.fail(reason);
    }
    this.pulling = false;
    this.wake();
  }

  /** Lets timers, and all else that waits for the event loop, go first. Never comes to an end where the run is stopped meanwhile. */
  private async turn(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.timer = this.clock.setTimeout(resolve, 0);
    });
    this.timer = undefined;
    this.pulls = 0;
  }

  private async ask(source: Source<Req>): Promise<{ readonly value: Req } | undefined> {
    this.pulls++;
    this.source = "asked";
    let asked: "open" | "ended" = "ended";
    try {
      const next = await source.next();
      if (next.done) return undefined;
      asked = "open";
      return next;
    } finally {
      this.source = asked;
    }
  }

  private async reserve(request: Req): Promise<void> {
    const call = new Call<Res>();
    this.waiting = call;
    const permit = await this.service.ready({ request, signal: call.controller.signal });
    this.waiting = undefined;
    if (this.over) permit.release();
    else this.start(call, permit, request);
  }

  private start(call: Call<Res>, permit: Permit<Req, Res>, request: Req): void {
    this.inFlight.add(call);
    this.most = Math.max(this.most, this.inFlight.size);
    if (this.ordered) this.turns.push(call);
    let answer: Promise<Res>;
    try {
      answer = promiseOf(permit.call(request, { signal: call.controller.signal }));
    } catch (reason) {
      // A permit of another's making: ours reject.
      answer = Promise.reject(reason);
    }
    answer.then(
      (response) => {
        this.inFlight.delete(call);
        call.answer = { response };
        if (!this.ordered) this.turns.push(call);
        this.wake();
      },
      (reason: unknown) => {
        this.inFlight.delete(call);
        this.turns.remove(call);
        this.fail(reason);
        this.wake();
      },
    );
  }

  /** The first failure counts; those after it are its consequences, or were in flight beside it. */
  private fail(reason: unknown): void {
    if (this.stopped || this.failure !== undefined) return;
    this.failure = { reason };
    this.waiting?.controller.abort();
  }

  private async close(source: Source<Req>): Promise<void> {
    if (this.source === "ended") return;
    try {
      const closed = Promise.resolve(source.return?.());
      // Who was asked for a request and has not answered may take for ever to close.
      if (this.source === "asked") closed.catch(() => {});
      else await closed;
    } catch (error) {
      // As in a loop: a failure is not replaced by one of closing.
      if (this.failure === undefined) throw error;
    }
  }
}
