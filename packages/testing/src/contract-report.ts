import { contractPromises, type PromiseNumber } from "./contract-promise.ts";

/** What was found out about one promise. */
export interface PromiseFinding {
  /** Its number in the contract. */
  readonly number: PromiseNumber;
  readonly name: string;
  readonly verdict: "held" | "broken" | "not applicable";
  /** What was seen where it is broken; why it does not apply. */
  readonly detail?: string | undefined;
  /** The shortest way there that was found, a line for each thing that happened. */
  readonly schedule?: readonly string[] | undefined;
}

/** What came out of a check. */
export class ContractReport {
  /** All promises, in order. */
  readonly findings: readonly PromiseFinding[];
  /** What the layer calls itself. */
  readonly layer: string;
  /** Repeats this check: give it in the options. */
  readonly seed: number;
  /** How many random schedules were tried. */
  readonly runs: number;

  constructor(layer: string, seed: number, runs: number, findings: readonly PromiseFinding[]) {
    this.layer = layer;
    this.seed = seed;
    this.runs = runs;
    this.findings = findings;
  }

  /** Whether no promise was seen broken. */
  get ok(): boolean {
    return this.broken.length === 0;
  }

  /** The promises that were seen broken. */
  get broken(): readonly PromiseFinding[] {
    return this.findings.filter(({ verdict }) => verdict === "broken");
  }

  /** @throws Error that says what is broken, and how, unless all is well */
  assert(): void {
    if (!this.ok) throw new Error(this.toString());
  }

  /** The report as text, to be read by the author of the layer. */
  toString(): string {
    const count = (verdict: PromiseFinding["verdict"]): number =>
      this.findings.filter((found) => found.verdict === verdict).length;
    const lines = [
      `${this.layer}: ${count("held")} promises held, ${count("broken")} broken, ${count("not applicable")} not applicable`,
    ];
    for (const { number, name, verdict, detail, schedule } of this.findings) {
      lines.push(
        `  ${marks[verdict]} ${String(number).padStart(2)} ${name}${detail === undefined ? "" : `: ${detail}`}`,
      );
      for (const line of schedule ?? []) lines.push(`         ${line}`);
    }
    lines.push(`  after ${this.runs} random schedules; { seed: ${this.seed}, runs: ${this.runs} } repeats them`);
    return lines.join("\n");
  }
}

const marks = { held: "ok  ", broken: "FAIL", "not applicable": "n/a " } as const;

/** What is known of a promise. */
export function finding(
  number: PromiseNumber,
  verdict: PromiseFinding["verdict"],
  detail?: string,
  schedule?: readonly string[],
): PromiseFinding {
  return { number, name: contractPromises[number], verdict, detail, schedule };
}
