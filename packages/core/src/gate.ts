import { readOption, readOptions, requireFunction, requireMethods, requireName } from "./check.ts";
import type { Adds } from "./kind.ts";
import { type Layer, layerFn } from "./layer.ts";
import { handUp, observe, report } from "./observe.ts";
import { promiseOf } from "./promise-of.ts";
import { refuse } from "./refusal.ts";
import { type Behaviour, Reservation } from "./reservation.ts";
import type { CallOptions, ReadyOptions } from "./service.ts";
import { stackOf, stackService } from "./stack.ts";
import { wait } from "./wait.ts";

/** How a call ended. */
export type Outcome = PromiseSettledResult<unknown>;

/** What a gate gives to those it lets in. Exactly one of `cancel` and `finish` is told, once. None may throw. */
export interface Lease {
  /** Never used. */
  cancel(): void;
  /** Spent: the call begins. */
  start?(): void;
  /** The caller has its answer; the work may go on. */
  answered?(outcome: Outcome): void;
  /** The work has settled, and whatever was handed up with `waitUntil`. `outcome` is the answer's. */
  finish(outcome: Outcome): void;
}

/** Somebody who must let you in, and wants to know when you left. The policy, and nothing else: {@link gate} does the rest. */
export interface Gate<in Req, out Err = never> {
  /**
   * In, now or not at all. May throw: "no, and do not wait" (an open circuit). A `call` that has to wait further in asks
   * twice in one turn: its first lease is cancelled, and it waits with the second.
   */
  tryAcquire(request?: Req): Lease | undefined;
  /** In, in turn. Rejects with `signal.reason` when the signal aborts. */
  acquire(options?: ReadyOptions<Req>): Promise<Lease>;
  /** In how many milliseconds somebody who is refused now may ask again, where that is known. */
  retryAfter?(request?: Req): number | undefined;
  /** Carries `Err` in the types; never there at run time. */
  readonly "~failure"?: (() => Err) | undefined;
}

/** Options of {@link gate}. */
export interface GateOptions {
  /** The name of the layer, for `describe()` and for refusals. */
  readonly name: string;
  /** Keeps the lease past the response, until the promise settles: a streamed body. Default: not past it. */
  readonly until?: ((response: any) => PromiseLike<unknown> | undefined) | undefined;
}

/**
 * The one layer that composes a gate with the service inside it. Whoever is let in holds the lease until the call, and
 * all that was handed up with `waitUntil`, has settled; nothing is lost when the service inside refuses, throws, or is
 * never called.
 *
 * @example
 * const layer = gate(new Semaphore(10), { name: "upstream" });
 *
 * @throws TypeError when an option is missing or of another type
 */
export function gate<Req = unknown, Err = never>(policy: Gate<Req, Err>, options: GateOptions): Layer<Adds<Err, Req>> {
  requireMethods("gate", "gate", policy, "a gate", ["tryAcquire", "acquire"]);
  const retryAfter = readOption("gate", policy, "retryAfter", "gate.retryAfter");
  if (retryAfter !== undefined) requireFunction("gate", "gate.retryAfter", retryAfter);
  const { name, until } = readOptions("gate", options, ["name", "until"]);
  requireName("gate", name);
  if (until !== undefined) requireFunction("gate", "until", until);
  return layerFn<Adds<Err, Req>>(
    name,
    (service) => {
      const inner = stackOf(service);
      const behaviour = leaseBehaviour(until);
      return stackService({
        tryReserve(request) {
          const lease = policy.tryAcquire(request as Req);
          if (lease === undefined) return refuse(name, policy.retryAfter?.(request as Req));
          let reservation: Reservation | undefined;
          try {
            reservation = inner.tryReserve(request);
          } finally {
            // Refused or thrown further in: all or nothing.
            if (reservation === undefined) giveBack(lease);
          }
          return reservation && new Reservation<any>(behaviour, lease, reservation);
        },
        reserve(asked, granted, failed) {
          const enter = (lease: Lease): void => {
            inner.reserve(
              asked,
              (reservation) => {
                granted(new Reservation<any>(behaviour, lease, reservation));
              },
              (reason) => {
                giveBack(lease);
                failed(reason);
              },
            );
          };
          const { request, signal } = asked;
          let waiting: Promise<Lease>;
          try {
            const lease = policy.tryAcquire(request as Req);
            if (lease !== undefined) {
              enter(lease);
              return;
            }
            // It may have aborted since it was looked at: in a function of the caller's, called further out.
            signal?.throwIfAborted();
            waiting = promiseOf(policy.acquire(asked as ReadyOptions<Req>));
          } catch (reason) {
            failed(reason);
            return;
          }
          wait(waiting, signal, enter, failed, giveBack);
        },
      });
    },
    policy,
  );
}

function leaseBehaviour(until: GateOptions["until"]): Behaviour<Lease> {
  return {
    start({ state: lease, inner }, request, options, edge) {
      let signal: CallOptions["signal"];
      let deadline: CallOptions["deadline"];
      try {
        // The caller's options may be an object whose members cannot be read.
        ({ signal, deadline } = options);
        lease.start?.();
      } catch (error) {
        inner.cancel();
        giveBack(lease);
        return Promise.reject(error);
      }
      const stay = new Stay(lease, options);
      const waitUntil = (work: Promise<unknown>): void => {
        stay.hold(work);
      };
      const answer = inner.start(request, { signal, deadline, waitUntil }, false);
      return observe(answer, edge, (outcome) => {
        stay.answered(outcome, until);
      });
    },
    cancel({ state: lease, inner }) {
      inner.cancel();
      giveBack(lease);
    },
  };
}

/** Gives a lease back, unused. A gate that throws then must not keep those further out from theirs. */
function giveBack(lease: Lease): void {
  try {
    lease.cancel();
  } catch (error) {
    report(error);
  }
}

/** One call inside a gate: it stays until the answer is there and all the work that was handed up has settled. */
class Stay {
  private readonly lease: Lease;
  private readonly options: CallOptions;
  /** The answer, and each work handed up, that have not settled. */
  private pending = 1;
  private outcome: Outcome | undefined;

  constructor(lease: Lease, options: CallOptions) {
    this.lease = lease;
    this.options = options;
    this.outcome = undefined;
  }

  /** Work was handed up. */
  hold(work: Promise<unknown>): void {
    // Who hands up work when all is over is too late.
    if (this.pending > 0) {
      this.pending++;
      const left = (): void => {
        this.left();
      };
      promiseOf(work).then(left, left);
    }
    // The gates further out stay for it too.
    handUp(this.options, work);
  }

  answered(outcome: Outcome, until: GateOptions["until"]): void {
    this.outcome = outcome;
    try {
      this.lease.answered?.(outcome);
    } catch (error) {
      report(error);
    }
    if (until !== undefined && outcome.status === "fulfilled") this.holdUntil(until, outcome.value);
    this.left();
  }

  private holdUntil(until: NonNullable<GateOptions["until"]>, response: unknown): void {
    try {
      const held = until(response);
      if (held !== undefined) this.hold(promiseOf(held));
    } catch (error) {
      report(error);
    }
  }

  private left(): void {
    if (--this.pending > 0) return;
    try {
      this.lease.finish(this.outcome as Outcome);
    } catch (error) {
      report(error);
    }
  }
}
