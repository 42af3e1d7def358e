import type { CallOptions } from "@sluice/core";
import { show } from "@sluice/core/kit";
import type { Callers } from "./clients.ts";
import { ownerOf } from "./operation.ts";
import { type Arrival, nobody } from "./inner-service.ts";

/** A call has arrived inside. Whose is it, and is it what was asked for? */
export function lookAtArrival(callers: Callers, { call, number }: Arrival, reservedFor: unknown): void {
  const { chronicle, errands, subject } = callers;
  const { context, requests } = subject;
  const { request, options } = call;
  chronicle.saw(`inside, call ${number} arrives: ${show(request)}`);
  if (context.known) {
    const current = context.current ?? nobody;
    const errand = errands[current];
    const mayBe = errand?.kind === "call" && (errand.open || errand.works > 0 || errand.bare);
    const owner = ownerOf(options.deadline) ?? current;
    if (!mayBe || owner !== current) {
      const whose = errand === undefined ? "nobody who called" : `#${errand.id}`;
      chronicle.broken("callersContext", `call ${number} inside ran in the async context of ${whose}`);
    }
  }
  if (!callers.bare) lookAtOptions(callers, options, number);
  if (callers.crossed) return;
  if (reservedFor !== undefined) {
    if (!Object.is(reservedFor, request)) {
      chronicle.broken("asReserved", `what was called inside was ${show(request)}; reserved for ${show(reservedFor)}`);
    }
  } else if (request !== undefined && requests.includes(request)) {
    chronicle.broken("exactly", `for ${show(request)} was reserved blindly inside`);
  }
}

const names = ["signal", "deadline", "waitUntil"] as const;

/** All that the caller said has come down, and whoever spreads it loses nothing. */
function lookAtOptions({ chronicle }: Callers, options: CallOptions, number: number): void {
  const spread: CallOptions = { ...options };
  for (const name of names) {
    if (options[name] !== spread[name]) {
      chronicle.broken("loseNothing", `{ ...options } of call ${number} inside has lost ${name}`);
    }
  }
  if (options.waitUntil === undefined) {
    chronicle.broken("gateFinishes", `waitUntil was not passed on to call ${number} inside`);
  }
  if (options.deadline === undefined) {
    chronicle.broken("loseNothing", `the deadline was not passed on to call ${number} inside`);
  }
}
