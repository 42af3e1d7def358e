import type { Clients } from "./clients.ts";
import type { Operation } from "./operation.ts";

/**
 * The first operation that is known to wait in line for the same: nobody who asks for it later may be served before. Requests that differ
 * are not compared: they may have lines of their own.
 */
export function firstInLine({ inner, operations }: Clients, request: unknown, told: boolean): Operation | undefined {
  // A layer that recovers from a failure of readiness gives a permit with nothing reserved inside, which overtakes no waiter.
  if (inner.unready) return undefined;
  return operations.find(
    (operation) => operation.inLine && operation.told === told && Object.is(operation.request, request),
  );
}

/** A newcomer's `tryReady` got a permit while `first` was in line. */
export function checkNewcomer({ trace }: Clients, first: Operation): void {
  trace.whenSettled(() => {
    // If it was about to be refused, or has given up, it was not overtaken.
    if (first.state === "failed") return;
    trace.broken("notOvertaken", `tryReady got a permit while #${first.id} was in line`);
  });
}

/** An operation that waited has its permit: nobody who asked for the same before it may still wait. */
export function checkServed(clients: Clients, served: Operation): void {
  const { inner, trace, orderKnown, subject } = clients;
  // One that the layer answers by itself is not served by the line in which the other waits.
  const comparable = orderKnown && !subject.orders && (!subject.answers || inner.askedFor.has(served.id));
  const first = served.hasty || !comparable ? undefined : firstInLine(clients, served.request, served.told);
  if (first === undefined || first.id > served.id) return;
  trace.whenSettled(() => {
    // With room for both, the order in which they learn of it means nothing.
    if (first.open) trace.broken("firstCome", `#${served.id} was served before #${first.id}, who came first`);
  });
}
