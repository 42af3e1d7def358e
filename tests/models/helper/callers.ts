import {
  type CallOptions,
  isOverloadedError,
  isPermitSpentError,
  type Permit,
  type ReadyOptions,
  type Service,
} from "@sluice/core";
import { isBufferClosedError } from "@sluice/buffer";
import { type CircuitOpenError, isCircuitOpenError } from "@sluice/circuit-breaker";
import { turn } from "@sluice/test-kit";
import { isTimeoutError } from "@sluice/timeout";
import { RouteNotFoundError } from "@sluice/util-box";
import { type WatchedAbort, watchedAbort } from "../../test/helper/watched-abort.ts";
import { type Answer, caller, type Innermost, Reason } from "./innermost.ts";

/** A caller. */
export interface Caller {
  readonly who: number;
  readonly abort: WatchedAbort;
  /** "pending", "holds" (a permit in hand), "released", "nothing", "answered", or the reason of its failure. */
  state: string;
  permit: Permit<number, Answer> | undefined;
  /** The promise of a call that is not handled before the end. */
  forgotten: Promise<Answer> | undefined;
}

/** The users of the service, each in its own async context, and their states. */
export class Callers {
  readonly all: Caller[] = [];
  /** Failures of calls that were not handled. */
  readonly ignored: unknown[] = [];
  /** The callers that called without a permit, in the order of their calls. */
  readonly calling: Set<number> = new Set();
  private readonly serviceFor: (who: number) => Service<number, Answer>;
  private readonly innermost: Innermost;
  /** Whether a caller may get the answer of work that was begun for another: the state then names that caller. */
  private readonly shares: boolean;

  constructor(serviceFor: (who: number) => Service<number, Answer>, innermost: Innermost, shares: boolean) {
    this.serviceFor = serviceFor;
    this.innermost = innermost;
    this.shares = shares;
  }

  /** @param shares whether it shares the signal of the caller before it */
  add(shares = false): Caller {
    const last = this.all.at(-1)?.abort;
    const newcomer: Caller = {
      who: this.all.length,
      abort: shares && last?.signal.aborted === false ? last : watchedAbort(),
      state: "pending",
      permit: undefined,
      forgotten: undefined,
    };
    this.all.push(newcomer);
    return newcomer;
  }

  tryReady(each: Caller, blind: boolean): void {
    try {
      const service = this.serviceFor(each.who);
      each.permit = caller.run(each.who, () => service.tryReady(blind ? undefined : each.who));
      each.state = each.permit === undefined ? "nothing" : "holds";
    } catch (error) {
      each.state = nameOf(error, each);
    }
  }

  ready(each: Caller, options: ReadyOptions<number>): void {
    const service = this.serviceFor(each.who);
    caller
      .run(each.who, () => service.ready({ ...options, signal: each.abort.signal }))
      .then(
        (permit) => {
          each.permit = permit;
          each.state = "holds";
        },
        (error: unknown) => {
          each.state = nameOf(error, each);
        },
      );
  }

  call(each: Caller, options: CallOptions = {}): void {
    this.calling.add(each.who);
    this.follow(each, this.begin(each, options));
  }

  /** Its promise is not handled. */
  callAndForget(each: Caller): void {
    this.calling.add(each.who);
    each.forgotten = this.begin(each, {});
  }

  spend(each: Caller, request: number = each.who): void {
    const { permit } = each;
    if (permit === undefined) throw new Error("There is no permit to spend.");
    each.state = "pending";
    const { signal } = each.abort;
    this.follow(
      each,
      caller.run(request, () => permit.call(request, { signal })),
      request,
    );
  }

  /** A permit that was spent or released cannot be used. */
  spendAgain({ permit, who }: Caller): void {
    const { length } = this.innermost.jobs;
    caller
      .run(who, () => permit?.call(who))
      ?.then(
        () => this.innermost.faults.push("A permit is spent twice."),
        (error: unknown) => {
          if (!isPermitSpentError(error))
            this.innermost.faults.push(`A permit that was spent fails with ${String(error)}.`);
        },
      );
    permit?.release();
    if (this.innermost.jobs.length > length) this.innermost.faults.push("A permit that was spent reaches somebody.");
  }

  /** Handles the promises at last: too late for those that have failed. */
  async lookAtForgotten(): Promise<void> {
    let late = true;
    for (const each of this.all) {
      if (each.forgotten === undefined) continue;
      each.forgotten.catch((error: unknown) => {
        if (late) this.ignored.push(error);
      });
      this.follow(each, each.forgotten);
      each.forgotten = undefined;
    }
    await turn();
    late = false;
  }

  private begin({ who, abort: { signal } }: Caller, options: CallOptions): Promise<Answer> {
    const service = this.serviceFor(who);
    return caller.run(who, () => service.call(who, { signal, ...options }));
  }

  private follow(each: Caller, answer: Promise<Answer>, request: number = each.who): void {
    answer.then(
      ({ who }) => {
        if (this.shares) each.state = `answered by ${who}`;
        else each.state = who === request ? "answered" : `unexpected: answered for ${who}`;
      },
      (error: unknown) => {
        if (this.shares && error instanceof Reason && error.why !== "aborted" && error.who !== undefined) {
          each.state = `${error.why} by ${error.who}`;
        } else each.state = nameOf(error, each, request);
      },
    );
  }
}

/** The reason of a failure, in a word; for an abort of ours, whether it is its own caller's reason. */
function nameOf(error: unknown, { who, abort: { signal } }: Caller, request = who): string {
  if (signal.aborted && error === signal.reason) return "aborted";
  if (error instanceof Reason)
    return error.who === undefined || error.who === request ? error.why : `unexpected: ${error.message}`;
  if (isOverloadedError(error)) return `overloaded: ${error.layer}`;
  if (isCircuitOpenError(error)) return circuitOpen(error);
  if (isTimeoutError(error)) return `timed out: ${error.phase}`;
  if (isBufferClosedError(error)) return "closed";
  if (error instanceof RouteNotFoundError) return "not found";
  return `unexpected: ${String(error)}`;
}

/** With the caller whose failure has opened the circuit. */
function circuitOpen({ isolated, retryAfter, cause }: CircuitOpenError): string {
  const state = isolated ? "isolated" : retryAfter === undefined ? "half-open" : "open";
  return `circuit ${state}, ${retryAfter}, ${cause instanceof Reason ? cause.who : undefined}`;
}
