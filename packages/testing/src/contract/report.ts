import { type Breach, wordsOf } from "./promises/breach.ts";
import { contractPromises, type PromiseNumber } from "./promises/promises.ts";

/** The verdict on one promise. */
export interface PromiseFinding {
  /** Its number in the contract. */
  readonly number: PromiseNumber;
  readonly name: string;
  readonly verdict: "held" | "broken" | "not applicable";
  /** Broken: what was seen. Not applicable: why. Held: a remark for the author, if there is one. */
  readonly detail?: string | undefined;
  /** Where it is broken: the sentence of the contract. */
  readonly promised?: string | undefined;
  /** Where it is broken: the shortest schedule that was found, a line for each step. */
  readonly schedule?: readonly string[] | undefined;
  /** The options `path` and `seed` (of the report) run that schedule alone. Undefined where a fixed schedule found the breach. */
  readonly path?: string | undefined;
}

/** The result of a check. */
export class ContractReport {
  /** A finding for each promise, in order. */
  readonly findings: readonly PromiseFinding[];
  /** The name of the layer. */
  readonly layer: string;
  /** The option `seed` that repeats this check. */
  readonly seed: number;
  /** How many random schedules were run. */
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

  /** @throws Error with the report as its message, unless {@link ok} */
  assert(): void {
    if (!this.ok) throw new Error(this.toString());
  }

  /** The report as text. */
  toString(): string {
    const { findings, layer, runs, seed } = this;
    const counts = (["held", "broken", "not applicable"] as const).map(
      (verdict) => `${findings.filter((found) => found.verdict === verdict).length} ${verdict}`,
    );
    return [
      `${layer}: of 14 promises ${counts.join(", ")}`,
      ...findings.flatMap((found) => (found.verdict === "broken" ? brokenLines(found, seed) : [line(found)])),
      `  after ${runs} random schedules; { seed: ${seed}, runs: ${runs} } repeats them`,
    ].join("\n");
  }
}

const marks = { held: "ok  ", broken: "FAIL", "not applicable": "n/a " } as const;

function line({ number, name, verdict, detail }: PromiseFinding): string {
  const why = detail === undefined || verdict === "broken" ? "" : `: ${detail}`;
  return `  ${marks[verdict]} ${String(number).padStart(2)} ${name}${why}`;
}

function brokenLines(found: PromiseFinding, seed: number): string[] {
  const { detail, path, promised, schedule = [] } = found;
  const rows = [
    ["promised", promised],
    ["seen", detail],
    ...schedule.map((happened, nth) => [nth === 0 ? "when" : "", happened]),
    ["repeat", path === undefined ? undefined : `{ seed: ${seed}, path: "${path}" }`],
  ] as const;
  return [
    line(found),
    ...rows.flatMap(([what, said]) => (said === undefined ? [] : [`       ${what.padEnd(10)}${said}`])),
  ];
}

/** The finding for a promise that was not seen broken. */
export function unbroken(
  number: PromiseNumber,
  verdict: "held" | "not applicable",
  detail: string | undefined,
): PromiseFinding {
  return { number, name: contractPromises[number].name, verdict, detail };
}

/** The finding for a promise that was seen broken. */
export function brokenBy(number: PromiseNumber, breach: Breach): PromiseFinding {
  const { what, schedule, path } = breach;
  const { name } = contractPromises[number];
  return { number, name, verdict: "broken", detail: what, promised: wordsOf(breach), schedule, path };
}
