import { type Breach, contractPromises, type PromiseNumber, wordsOf } from "./promises/promises.ts";

/** What was found out about one promise. */
export interface PromiseFinding {
  /** Its number in the contract. */
  readonly number: PromiseNumber;
  readonly name: string;
  readonly verdict: "held" | "broken" | "not applicable";
  /** What was seen where it is broken; why it does not apply; what else is to be known where it is held. */
  readonly detail?: string | undefined;
  /** Where it is broken: what was promised, in the contract's words. */
  readonly promised?: string | undefined;
  /** The shortest way there that was found, a line for each thing that happened. */
  readonly schedule?: readonly string[] | undefined;
  /** With the seed, repeats that schedule alone: give both in the options. None where it is in every check. */
  readonly path?: string | undefined;
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

/** What is known of a promise that was not seen broken. */
export function unbroken(
  number: PromiseNumber,
  verdict: "held" | "not applicable",
  detail: string | undefined,
): PromiseFinding {
  return { number, name: contractPromises[number].name, verdict, detail };
}

/** What is known of a promise that was. */
export function brokenBy(number: PromiseNumber, breach: Breach): PromiseFinding {
  const { what, schedule, path } = breach;
  const { name } = contractPromises[number];
  return { number, name, verdict: "broken", detail: what, promised: wordsOf(breach), schedule, path };
}
