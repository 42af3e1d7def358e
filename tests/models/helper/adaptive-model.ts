import type { LimitSample } from "@sluice/adaptive-limit";
import { Model, type ModelJob } from "./model.ts";
import { NewsInOrder } from "./news-in-order.ts";
import { PlainGate } from "./plain-gate.ts";

/** How calls are sampled: in windows with a length and a minimum of calls, or each call by itself. */
interface PlainWindow {
  readonly time: number;
  readonly samples: number;
  readonly quantile: number | undefined;
}

export interface AdaptiveRules {
  readonly initial: number;
  readonly min: number;
  readonly max: number;
  readonly window: PlainWindow | undefined;
  /** The algorithm's limit after the nth sample, within its bounds. */
  readonly next: (sample: LimitSample, limit: number, nth: number) => number;
}

/** The verdict of a call; undefined means the default. */
export type Says = (how: string, request: number, aborted: boolean) => "success" | "dropped" | "ignore" | undefined;

/** A call that has begun. */
interface Measured {
  readonly since: number;
  readonly inflight: number;
  says: "success" | "dropped" | "ignore";
}

interface Counted {
  readonly rtt: number;
  readonly inflight: number;
  readonly dropped: boolean;
}

/** A gate whose size depends on its calls, with a list of all calls of a window. */
export class AdaptiveModel extends Model {
  readonly gate: PlainGate;
  /** All arguments of the algorithm. */
  readonly samples: LimitSample[] = [];
  /** The callers whose signal a timeout aborted. */
  readonly timedOut: Set<number> = new Set();
  private readonly rules: AdaptiveRules;
  private readonly says: Says;
  private readonly measured: Map<number, Measured> = new Map();
  private since = 0;
  private window: Counted[] = [];

  constructor(rules: AdaptiveRules, says: Says) {
    super();
    const news = new NewsInOrder(
      (tell) => this.later(tell),
      ({ who }) => this.arrive(who),
    );
    this.gate = new PlainGate(rules.initial, news);
    this.rules = rules;
    this.says = says;
  }

  counters(): readonly number[] {
    return [this.gate.max, ...this.gate.counters, this.samples.at(-1)?.rtt ?? -1];
  }

  override tick(ms: number): void {
    super.tick(ms);
    this.gate.now = this.now;
  }

  /** The verdict of a call counts before its slot is released. */
  override answer(job: ModelJob, how: string, withBody = false): void {
    this.later(() => this.judge(job, how));
    super.answer(job, how, withBody);
  }

  protected take(who: number): boolean | string {
    if (!this.gate.take(who)) return false;
    if (!this.fails()) return true;
    this.leave(who);
    return "not ready";
  }

  protected wait(who: number): void {
    this.gate.join(who);
  }

  protected waits(who: number): boolean {
    return this.gate.line.includes(who);
  }

  protected leave(place: number): void {
    this.gate.leave(place);
  }

  protected tell(): boolean {
    return false;
  }

  protected override begin(who: number, request: number): void {
    this.measured.set(who, { since: this.now, inflight: this.measured.size + 1, says: "ignore" });
    super.begin(who, request);
  }

  protected override over(job: ModelJob): void {
    const call = this.measured.get(job.who)!;
    this.measured.delete(job.who);
    if (call.says === "success") this.learn(call, false);
    super.over(job);
  }

  private judge({ who, request }: ModelJob, how: string): void {
    const call = this.measured.get(who)!;
    const timedOut = this.timedOut.has(who);
    const aborted = this.aborted.has(who) && !timedOut;
    call.says = this.says(how, request, aborted) ?? saysByDefault(how, aborted, timedOut);
    if (call.says === "dropped") this.learn(call, true);
  }

  private learn({ since, inflight }: Measured, dropped: boolean): void {
    const { window } = this.rules;
    if (this.window.length === 0) this.since = this.now;
    this.window.push({ rtt: this.now - since, inflight, dropped });
    if (window !== undefined && (this.window.length < window.samples || this.now < this.since + window.time)) return;
    const sample = sampleOf(this.window, window?.quantile);
    this.window = [];
    const { gate, rules } = this;
    const next = Math.floor(rules.next(sample, gate.max, this.samples.length));
    this.samples.push(sample);
    if (next > gate.max && sample.inflight < gate.max / 2) return;
    gate.max = next;
    gate.serve();
  }
}

function saysByDefault(how: string, aborted: boolean, timedOut: boolean): "success" | "dropped" | "ignore" {
  if (aborted) return "ignore";
  if (timedOut || how.startsWith("overloaded")) return "dropped";
  return how === "answered" ? "success" : "ignore";
}

function sampleOf(calls: readonly Counted[], quantile: number | undefined): LimitSample {
  const succeeded = calls.filter(({ dropped }) => !dropped);
  const rtts = (succeeded.length > 0 ? succeeded : calls).map(({ rtt }) => rtt).sort((one, other) => one - other);
  const mean = rtts.reduce((sum, rtt) => sum + rtt, 0) / rtts.length;
  const { length: n } = succeeded;
  const squares = succeeded.reduce((sum, { rtt }) => sum + (rtt - mean) ** 2, 0);
  return {
    rtt: quantile === undefined || n === 0 ? mean : rtts[Math.ceil(quantile * n) - 1]!,
    error: n < 2 ? 0 : Math.sqrt(squares / (n - 1) / n),
    inflight: Math.max(...calls.map(({ inflight }) => inflight)),
    dropped: n < calls.length,
    count: calls.length,
  };
}
