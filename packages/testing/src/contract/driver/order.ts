import type { Clients } from "./clients.ts";
import type { Operation } from "./operation.ts";

/**
 * The first operation that is known to wait in line for an equal request: no later caller with that request may be served before it.
 * Different requests are not compared, for they may have separate lines.
 */
export function firstInLine({ inner, operations }: Clients, request: unknown, told: boolean): Operation | undefined {
  // A layer that recovers from a failure of readiness gives a permit with nothing reserved inside, which overtakes no waiter.
  if (inner.unready) return undefined;
  return operations.find(
    (operation) => operation.inLine && operation.told === told && Object.is(operation.request, request),
  );
}

/** Checks a permit that a newcomer's `tryReady` got while `first` was in line. */
export function checkNewcomer({ trace }: Clients, first: Operation): void {
  trace.whenSettled(() => {
    // If it was about to be refused, or has aborted, it was not overtaken.
    if (first.state === "failed") return;
    trace.broken("notOvertaken", `tryReady got a permit while #${first.id} was in line`);
  });
}

/** Checks a permit of an operation that waited: no earlier operation with the same request may still wait. */
export function checkServed(clients: Clients, served: Operation): void {
  const { inner, trace, orderKnown, subject } = clients;
  // An operation that the layer answers by itself does not pass the line in which the other waits.
  const comparable = orderKnown && !subject.orders && (!subject.answers || inner.askedFor.has(served.id));
  const first = served.hasty || !comparable ? undefined : firstInLine(clients, served.request, served.told);
  if (first === undefined || first.id > served.id) return;
  trace.whenSettled(() => {
    // With room for both, the order in which their promises resolve does not matter.
    if (first.open) trace.broken("firstCome", `#${served.id} was served before #${first.id}, which came first`);
  });
}
