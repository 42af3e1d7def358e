import { type Breach, numberOf } from "./promises/breach.ts";
import { type PromiseNumber, promiseNumbers } from "./promises/promises.ts";
import { brokenBy, type PromiseFinding, unbroken } from "./report.ts";
import type { Observation } from "./scenarios/scenario.ts";

/** Collects the results of the checks: for each promise the first breach. */
export class Findings {
  private readonly breaches: Map<PromiseNumber, Breach> = new Map();
  private readonly excuses: Map<PromiseNumber, string> = new Map();
  private readonly remarks: Map<PromiseNumber, string> = new Map();

  add({ breaches, notApplicable, remark }: Observation): void {
    for (const breach of breaches) {
      const number = numberOf(breach);
      if (!this.breaches.has(number)) this.breaches.set(number, breach);
    }
    for (const [number, why] of notApplicable ?? []) this.excuse(number, why);
    if (remark !== undefined) this.remarks.set(...remark);
  }

  /** Records why a promise does not apply. */
  excuse(number: PromiseNumber, why: string): void {
    this.excuses.set(number, why);
  }

  /** A finding for each promise, in order. A breach counts also where the promise does not apply. */
  all(): PromiseFinding[] {
    return promiseNumbers.map((number) => {
      const breach = this.breaches.get(number);
      if (breach !== undefined) return brokenBy(number, breach);
      const excuse = this.excuses.get(number);
      return unbroken(number, excuse === undefined ? "held" : "not applicable", excuse ?? this.remarks.get(number));
    });
  }
}
