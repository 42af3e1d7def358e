/** One line of a scrape. */
interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The samples of Prometheus's text format, and what each metric is said to be. */
export class Samples {
  readonly types: ReadonlyMap<string, string>;
  readonly all: readonly Sample[];

  constructor(text: string) {
    const lines = text.split("\n");
    this.types = new Map(
      lines.flatMap((line) => {
        const [, name, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
        return name === undefined || type === undefined ? [] : [[name, type]];
      }),
    );
    this.all = lines.filter((line) => line !== "" && !line.startsWith("#")).map(sampleOf);
  }

  /** Those of a metric that have these labels, among others. */
  of(name: string, labels: Readonly<Record<string, string>> = {}): readonly Sample[] {
    return this.all.filter(
      (sample) =>
        sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    );
  }

  /** The value of the only one. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number {
    const found = this.of(name, labels);
    if (found.length !== 1) throw new Error(`${found.length} samples of ${name} ${JSON.stringify(labels)}`);
    return found[0]!.value;
  }
}

function sampleOf(line: string): Sample {
  const [, name, labels = "", value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  if (name === undefined) throw new Error(`This is no sample: ${line}`);
  const pairs = Array.from(labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g), ([, label, text]) => [label!, text!]);
  const infinity = { "+Inf": Number.POSITIVE_INFINITY }[value!];
  return { name, labels: Object.fromEntries(pairs) as Record<string, string>, value: infinity ?? Number(value) };
}
