import { around, type Behaviour, type Stack } from "@sluice/core/internal";
import type { Entries } from "./entries.ts";
import type { KeyOf } from "./key.ts";

/** The service inside, whose answers are kept. Once a flight, and before any who ride it have the answer. */
export function keeping(inner: Stack, keyOf: KeyOf, entries: Entries, detach: (key: unknown) => void): Stack {
  const behaviour: Behaviour<undefined> = {
    start({ inner: reservation }, request, options, edge) {
      const key = keyOf(request);
      if (key === undefined) return reservation.start(request, options, edge);
      const filling = entries.begin(key, () => {
        detach(key);
      });
      const answer = reservation.start(request, options);
      answer.then(
        (value) => {
          entries.answered(filling, value, request);
        },
        () => {
          entries.failed(filling);
        },
      );
      return answer;
    },
    cancel({ inner: reservation }) {
      reservation.cancel();
    },
  };
  return around(inner, behaviour);
}
