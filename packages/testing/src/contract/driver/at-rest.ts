import type { Callers } from "./clients.ts";

/** Everything has come to rest. Is no more reserved inside than permits are held, and does somebody know of all that goes on? */
export function lookAtRest({ bare, chronicle, crossed, going, held, inside, reservesInside }: Callers): void {
  const { active, reserved } = inside.mock;
  if (reservesInside && !crossed && going.length === 0 && reserved > held.length) {
    chronicle.broken("exactlyOne", `${reserved} are reserved inside for ${held.length} permits that are held`);
  }
  const working = active + inside.works > 0;
  if (working && !bare && !going.some(({ kind }) => kind === "call")) {
    const what = "work goes on inside, its caller has the answer, and nothing was handed up with waitUntil";
    chronicle.broken("handedUp", what);
  }
}
