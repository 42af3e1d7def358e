import type { ReadyOptions } from "../contract/service.ts";
import { Asker, type Stack } from "./asker.ts";
import type { Reservation } from "./reservation.ts";

type Granted = (reservation: Reservation) => void;
type Failed = (reason: unknown) => void;

/** Asks `stack` for a reservation. Exactly one of `granted` and `failed` is called: see {@link Asker}. */
export function ask(
  stack: Stack,
  { request, signal, deadline }: ReadyOptions<unknown>,
  granted: Granted,
  failed: Failed,
): void {
  stack.reserve(new CallbackAsker(request, signal, deadline, granted, failed));
}

class CallbackAsker extends Asker {
  override readonly granted: Granted;
  override readonly failed: Failed;

  constructor(
    request: unknown,
    signal: AbortSignal | undefined,
    deadline: number | undefined,
    granted: Granted,
    failed: Failed,
  ) {
    super(request, signal, deadline);
    this.granted = granted;
    this.failed = failed;
  }
}
