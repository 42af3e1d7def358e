import type { Outcome } from "./gate.ts";
import type { CallOptions } from "./service.ts";

/** Somebody at the side. */
export interface Observer {
  /** How it ended. Must not throw. */
  settled(outcome: Outcome): void;
}

/**
 * Tells an observer of an outcome, from the side: no microtask is added for those further out, unless at the `edge` (see
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

/**
 * For what fails where nobody is left to tell, such as a gate that throws when told that a call is over. It is reported
 * as an unhandled rejection, and changes nothing for the caller.
 */
export function report(error: unknown): void {
  void Promise.reject(error);
}

/** Tells the gates outside that `work` is still going on. To be said before the answer is out. Never throws. */
export function handUp(options: CallOptions, work: Promise<unknown>): void {
  try {
    options.waitUntil?.(work);
  } catch (error) {
    report(error);
  }
}
