import { readOption, readOptions, requireFunction, requireMethods, requireName } from "./check.ts";
import type { Adds } from "./kind.ts";
import { type Layer, layerFn } from "./layer.ts";
import { promiseOf } from "./promise-of.ts";
import { refuse } from "./refusal.ts";
import { Reservation } from "./reservation.ts";
import type { ReadyOptions } from "./service.ts";
import { stackOf, stackService } from "./stack.ts";
import { giveBack, starting, Stay } from "./stay.ts";
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
  /**
   * @internal Whether its leases have no use for `answered` and `finish` once they were told of `start`: it counts starts,
   * and then nobody needs to watch how the call ends.
   */
  readonly "~counts"?: "starts";
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
  const held =
    policy["~counts"] === "starts" && until === undefined
      ? (lease: Lease, inner: Reservation): Reservation => new Reservation<any>(starting, lease, inner)
      : (lease: Lease, inner: Reservation): Reservation => new Stay(lease, inner, until);
  return layerFn<Adds<Err, Req>>(
    name,
    (service) => {
      const inner = stackOf(service);
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
          return reservation && held(lease, reservation);
        },
        reserve(asked, granted, failed) {
          const enter = (lease: Lease): void => {
            inner.reserve(
              asked,
              (reservation) => {
                granted(held(lease, reservation));
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
