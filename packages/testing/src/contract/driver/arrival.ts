import type { CallOptions } from "@sluice/core";
import { show } from "@sluice/core/kit";
import type { Clients } from "./clients.ts";
import { type Arrival, nobody } from "./inner-service.ts";
import { ownerOf } from "./operation.ts";

/** Checks a call that arrived at the inner service: its async context, its options, and that its request is the one that was reserved for. */
export function checkArrival(clients: Clients, { call, number }: Arrival, reservedFor: unknown): void {
  const { trace, subject } = clients;
  const { request, options } = call;
  trace.saw(`inside, call ${number} arrives: ${show(request)}`);
  if (subject.context.known) checkContext(clients, options, number);
  // A call without options does not show what the layer passes on, and cannot be told from other calls.
  if (!clients.bare) checkOptions(clients, options, number);
  // Where a permit was spent on another request, or was reserved blindly, the request that was reserved for inside may differ.
  if (clients.crossed) return;
  if (reservedFor !== undefined) {
    if (!Object.is(reservedFor, request)) {
      trace.broken("asReserved", `what was called inside was ${show(request)}; reserved for ${show(reservedFor)}`);
    }
  } else if (request !== undefined && subject.requests.includes(request)) {
    // A layer that makes a new request only when it is called cannot reserve for it; one that passes the request on can.
    trace.broken("exactly", `for ${show(request)} was reserved blindly inside`);
  }
}

/** The async context must be that of an operation in progress, and the deadline, where it is one of the clients', must be that operation's. */
function checkContext({ trace, operations, subject }: Clients, { deadline }: CallOptions, number: number): void {
  const current = subject.context.current ?? nobody;
  const operation = operations[current];
  const mayBe = operation?.kind === "call" && (operation.open || operation.pendingWork > 0 || operation.bare);
  const owner = ownerOf(deadline) ?? current;
  if (mayBe && owner === current) return;
  const whose = operation === undefined ? "nobody who called" : `#${operation.id}`;
  trace.broken("callersContext", `call ${number} inside ran in the async context of ${whose}`);
}

const names = ["signal", "deadline", "waitUntil"] as const;

/** The caller's options must have arrived, as own enumerable members, so that `{ ...options }` keeps them. */
function checkOptions({ trace }: Clients, options: CallOptions, number: number): void {
  const spread: CallOptions = { ...options };
  for (const name of names) {
    if (options[name] !== spread[name]) {
      trace.broken("loseNothing", `{ ...options } of call ${number} inside has lost ${name}`);
    }
  }
  if (options.waitUntil === undefined) {
    trace.broken("gateFinishes", `waitUntil was not passed on to call ${number} inside`);
  }
  if (options.deadline === undefined) {
    trace.broken("loseNothing", `the deadline was not passed on to call ${number} inside`);
  }
}
