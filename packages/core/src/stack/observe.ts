import type { Outcome } from "../contract/gate.ts";

/** Observes an outcome without taking part in the answer. */
export interface Observer {
  /** How it ended. Must not throw. */
  settled(outcome: Outcome): void;
}

/**
 * Tells an observer of an outcome, from the side: no microtask is added for outer layers, unless at the `edge` (see
 * {@link Behaviour.start}), where the observed promise itself is handed on so that an ignored failure is reported.
 */
export function observe(answer: Promise<unknown>, edge: boolean, observer: Observer): Promise<unknown> {
  const observed = answer.then(
    (value) => {
      observer.settled({ status: "fulfilled", value });
      return value;
    },
    (reason: unknown) => {
      observer.settled({ status: "rejected", reason });
      if (edge) throw reason;
    },
  );
  return edge ? observed : answer;
}
