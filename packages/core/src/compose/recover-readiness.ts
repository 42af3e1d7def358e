import type { HandlerOptions, Service } from "../contract/service.ts";
import { requireFunction, requireService } from "../kit/check.ts";
import { isOwnAbort } from "../kit/own-abort.ts";
import { promiseOf } from "../kit/promise-of.ts";
import { ask } from "../stack/ask.ts";
import type { Stack } from "../stack/asker.ts";
import { type Behaviour, nothing, Reservation } from "../stack/reservation.ts";
import { stackOf, stackService } from "../stack/stack.ts";

/** Answers a call in the place of the service inside. */
type Answer<Req, Res> = (request: Req, options: HandlerOptions) => Res | PromiseLike<Res>;

/**
 * `service`, where a failure of readiness may be answered for. Such failures do not pass through `middleware`, since there is no
 * call yet: so a layer that handles failures handles those of readiness with this.
 *
 * @param recover asked about each failure of readiness, but never about the reason that the caller's own signal was aborted with.
 *   It returns the function that answers the call: a permit is then granted that holds nothing inside. Undefined: the failure
 *   stays. What it throws is the failure of readiness
 * @throws TypeError when `service` is not a service or `recover` is not a function
 */
export function recoverReadiness<Req, Res, Instead>(
  service: Service<Req, Res, any>,
  recover: (reason: unknown) => Answer<Req, Instead> | undefined,
): Service<Req, Res | Instead> {
  requireService("recoverReadiness", "service", service);
  requireFunction("recoverReadiness", "recover", recover);
  return stackService(recovering(stackOf(service), recover));
}

/** As {@link recoverReadiness}, between layers. */
export function recovering(inner: Stack, recover: (reason: unknown) => Answer<any, unknown> | undefined): Stack {
  const instead = (reason: unknown): Reservation | undefined => {
    const answer = recover(reason);
    return answer && new Reservation<any>(answering, answer, nothing);
  };
  return {
    tryReserve(request) {
      try {
        return inner.tryReserve(request);
      } catch (reason) {
        const reservation = instead(reason);
        if (reservation === undefined) throw reason;
        return reservation;
      }
    },
    reserve(asker) {
      const failed = (reason: unknown): void => {
        let reservation: Reservation | undefined;
        try {
          reservation = isOwnAbort(asker.signal, reason) ? undefined : instead(reason);
        } catch (error) {
          asker.failed(error);
          return;
        }
        if (reservation === undefined) asker.failed(reason);
        else asker.granted(reservation);
      };
      ask(inner, asker, (reservation) => asker.granted(reservation), failed);
    },
  };
}

/** Holds nothing; its call is answered by the function. What that throws is caught by the reservation, and is a rejection. */
const answering: Behaviour<Answer<unknown, unknown>> = {
  start: ({ state: answer }, request, options) => promiseOf(answer(request, options)),
  cancel() {},
};
