import { layerFn } from "../compose/layer-fn.ts";
import type { Gate, GateOptions, Lease } from "../contract/gate.ts";
import type { Adds } from "../contract/kind.ts";
import type { Layer } from "../contract/layer.ts";
import type { ReadyOptions } from "../contract/service.ts";
import { refuse } from "../errors/refusal.ts";
import { readOption, readOptions, requireFunction, requireMethods, requireName } from "../kit/check.ts";
import { promiseOf } from "../kit/promise-of.ts";
import { Reservation } from "../stack/reservation.ts";
import { stackOf, stackService } from "../stack/stack.ts";
import { wait } from "../stack/wait.ts";
import { Stay, giveBack, starting } from "./stay.ts";

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
