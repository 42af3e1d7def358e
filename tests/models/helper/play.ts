import type { CallOptions, Service } from "@sluice/core";
import { turn } from "@sluice/test-kit";
import { VirtualClock } from "@sluice/testing";
import { type Caller, Callers } from "./callers.ts";
import { type Answer, Innermost, type Job, Reason } from "./innermost.ts";
import type { Model, ModelJob } from "./model.ts";
import type { Rejections } from "./rejections.ts";
import type { Schedule, Step } from "./schedule.ts";

/** What is tried: the real thing, and how the model of it is to be read. */
export interface Trial {
  readonly model: Model;
  readonly serviceFor: (who: number) => Service<number, Answer>;
  /** The counters, in the order in which the model lists its own. */
  readonly counters: () => readonly number[];
  /** What else can happen, by name: done to both. */
  readonly acts?: Readonly<Record<string, (step: Step, play: Play) => void>>;
  /** What a call or a wait is told beside its signal. */
  readonly optionsOf?: (who: number, step: Step) => CallOptions;
  /** Whether some reserve without naming a request. */
  readonly blind?: boolean;
  /** Makes room for whoever waits, so that all can come to rest. */
  readonly open?: () => void;
  /** The counters at rest, after {@link open}. */
  readonly idle: () => readonly number[];
  /** How many can be reserved at once then; no more than 5 are tried. */
  readonly capacity: () => number;
  /** What else must be so in the end: what is wrong, or nothing. */
  readonly fault?: () => string | undefined;
  /** Who is in one line with whom; default: all in one. */
  readonly lineOf?: (who: number) => unknown;
  /** Whether the slot is kept until the body of an answer has ended. */
  readonly until?: boolean;
  /** One call may be several jobs. */
  readonly repeats?: boolean;
}

/** The given seams. */
export interface Seams {
  readonly clock: VirtualClock;
  readonly innermost: Innermost;
}

/** One schedule, played on the real thing and on its model. */
export class Play {
  readonly clock: VirtualClock = new VirtualClock();
  readonly innermost: Innermost = new Innermost(this.clock);
  readonly callers: Callers;
  /** Undefined where it is not asked. */
  readonly model: Model | undefined;
  private readonly trial: Trial;
  private readonly rejections: Rejections;

  constructor(make: (seams: Seams) => Trial, exact: boolean, rejections: Rejections) {
    this.trial = make({ clock: this.clock, innermost: this.innermost });
    this.model = exact ? this.trial.model : undefined;
    this.callers = new Callers(this.trial.serviceFor, this.innermost);
    this.rejections = rejections;
  }

  async run({ steps }: Schedule): Promise<void> {
    for (const step of steps) {
      if (step.does === "advance") await this.advance(step.ms);
      else this.act(step);
      this.compareCounters();
      if (this.model === undefined ? step.gap === 5 : step.gap > 2) await this.settle();
      else if (this.model === undefined) for (let hop = 0; hop < step.gap; hop++) await Promise.resolve();
      this.refuseFaults();
    }
    await this.settle();
    await this.finish();
  }

  /** One of them, as the step says. */
  one<T>(from: readonly T[], { pick }: Step): T | undefined {
    return from[pick % Math.max(from.length, 1)];
  }

  /** Time goes on, and stops at each timer until all has happened that can. */
  async advance(ms: number): Promise<void> {
    for (let left = ms; left > 0;) {
      left -= this.tick(left);
      await this.settle();
    }
  }

  /** Time goes on to the next timer, at most, and nothing else happens yet. */
  tick(most: number): number {
    const ms = Math.min(this.clock.next ?? most, most);
    void this.clock.advance(ms);
    this.model?.tick(ms);
    return ms;
  }

  private async settle(): Promise<void> {
    await turn();
    // Somebody was late to set a timer.
    for (; this.clock.next === 0; await turn()) void this.clock.advance(0);
    if (this.model === undefined) return;
    this.model.settle();
    this.compareCounters();
    this.compareStates(this.model);
  }

  private act(step: Step): void {
    const { callers, innermost, model, trial } = this;
    const going = (wanted: (job: Job) => boolean): Job | undefined => this.one(innermost.jobs.filter(wanted), step);
    const holder = (): Caller | undefined =>
      this.one(
        callers.all.filter(({ state }) => state === "holds"),
        step,
      );
    switch (step.does) {
      case "call":
      case "callThatThrows":
      case "callAndForget": {
        const each = callers.add();
        const throwing = step.does === "callThatThrows";
        if (throwing) innermost.throwsFor.add(each.who);
        if (step.does === "callAndForget") callers.callAndForget(each);
        else callers.call(each, trial.optionsOf?.(each.who, step));
        model?.call(each.who, throwing);
        break;
      }
      case "callAborted": {
        const each = callers.add();
        each.abort.abort(new Reason(each.who, "aborted"));
        if (step.other) callers.call(each);
        else callers.ready(each, {});
        if (model !== undefined) model.states[each.who] = "aborted";
        break;
      }
      case "ready": {
        const each = callers.add();
        const blind = trial.blind === true && step.other;
        callers.ready(each, { ...trial.optionsOf?.(each.who, step), request: blind ? undefined : each.who });
        model?.ready(each.who, blind);
        break;
      }
      case "tryReady": {
        const each = callers.add();
        const blind = trial.blind === true && step.other;
        callers.tryReady(each, blind);
        model?.tryReady(each.who, blind);
        break;
      }
      case "using": {
        const each = callers.add();
        callers.tryReady(each, false);
        model?.tryReady(each.who);
        if (each.permit === undefined) break;
        using permit = each.permit;
        each.permit = permit;
        each.state = "released";
        if (step.other) {
          callers.spend(each);
          model?.spend(each.who);
        } else model?.release(each.who);
        break;
      }
      case "spend": {
        const each = holder();
        if (each === undefined) break;
        callers.spend(each);
        model?.spend(each.who);
        break;
      }
      case "spendAgain": {
        const over = callers.all.filter(({ permit, state }) => permit !== undefined && state !== "holds");
        const each = this.one(over, step);
        if (each !== undefined) callers.spendAgain(each);
        break;
      }
      case "release": {
        const each = holder();
        if (each === undefined) break;
        each.permit?.release();
        each.state = "released";
        model?.release(each.who);
        break;
      }
      case "respond":
      case "fail": {
        const job = going(({ answered }) => !answered);
        if (job === undefined) break;
        const responds = step.does === "respond";
        const withBody = responds && step.other && trial.until === true;
        if (responds) innermost.respond(job, withBody);
        else innermost.fail(job);
        model?.answer(this.modelled(job, model), responds ? "answered" : "failed", withBody);
        break;
      }
      case "handUp": {
        const job = going(({ answered, options }) => !answered && options.waitUntil !== undefined);
        if (job === undefined) break;
        innermost.handUp(job);
        model?.handUp(this.modelled(job, model));
        break;
      }
      case "endWork": {
        const job = going(({ works }) => works.length > 0);
        if (job === undefined) break;
        innermost.endWork(job, step.other);
        model?.endWork(this.modelled(job, model));
        break;
      }
      case "abort": {
        // Of those who came last: whoever is through long ago is not interesting.
        const each = this.one(callers.all.slice(-8), step);
        if (each === undefined || each.abort.signal.aborted) break;
        each.abort.abort(new Reason(each.who, "aborted"));
        model?.abort(each.who);
        break;
      }
      case "failReadiness":
        innermost.failReadiness(new Reason(undefined, "not ready"));
        model?.failReadiness();
        break;
      case "tick":
        this.tick(step.ms);
        break;
      default: {
        const act = trial.acts?.[step.does];
        if (act === undefined) throw new Error(`Nobody knows how to ${step.does}.`);
        act(step, this);
      }
    }
  }

  /** The same job in the model. One request may have several, one after the other. */
  private modelled(job: Job, model: Model): ModelJob {
    const nth = this.innermost.jobs.filter(({ who }) => who === job.who).indexOf(job);
    return model.jobs.filter(({ request }) => request === job.who)[nth]!;
  }

  private compareCounters(): void {
    if (this.model === undefined) return;
    const [real, expected] = [this.trial.counters().join(), this.model.counters().join()];
    if (real !== expected) throw new Error(`The counters are ${real}, and the model's ${expected}.`);
  }

  private compareStates(model: Model): void {
    for (const { who, state, forgotten } of this.callers.all) {
      if (state !== model.states[who] && forgotten === undefined) {
        throw new Error(`${who} is ${state}, and in the model ${model.states[who]}.`);
      }
    }
    const real = this.byLine(this.innermost.jobs.map(({ who }) => who));
    const expected = this.byLine(model.jobs.map(({ request }) => request));
    if (real !== expected) throw new Error(`These began: ${real}; and in the model: ${expected}.`);
  }

  /** Requests in the order in which they began: line by line, since between lines there is none. */
  private byLine(requests: readonly number[]): string {
    const { lineOf } = this.trial;
    if (lineOf === undefined) return requests.join();
    const lines = new Map<unknown, number[]>(this.callers.all.map(({ who }) => [lineOf(who), []]));
    for (const request of requests) lines.get(lineOf(request % 1_000))!.push(request);
    return [...lines.values()].join("; ");
  }

  private refuseFaults(): void {
    const [fault] = this.innermost.faults;
    if (fault !== undefined) throw new Error(fault);
  }

  /** Everybody is served, and gives back what they were given. Nothing must be left then. */
  private async finish(): Promise<void> {
    const { callers, clock, innermost, trial } = this;
    await callers.lookAtForgotten();
    innermost.failReadiness(undefined);
    innermost.allow(Number.POSITIVE_INFINITY);
    trial.open?.();
    for (let round = 0; round < 80; round++) {
      await turn();
      for (const each of callers.all) {
        if (each.state !== "holds") continue;
        each.permit?.release();
        each.state = "released";
      }
      for (const job of innermost.jobs) {
        if (!job.answered) innermost.respond(job, false);
        while (job.works.length > 0) innermost.endWork(job, false);
      }
      await turn();
      if (round > 1 && this.left().length === 0) break;
      void clock.advance(Math.min(clock.next ?? 20, 20));
    }
    const left = this.left();
    if (left.length > 0) throw new Error(`At rest there is left: ${left.join("; ")}.`);
    const fault = trial.fault?.();
    if (fault !== undefined) innermost.faults.push(fault);
    this.refuseFaults();
    this.refuseDisorder();
    await this.refuseLostCapacity();
    this.refuseWrongReports();
  }

  /** All that is not at rest. */
  private left(): readonly string[] {
    const { callers, clock, innermost, trial } = this;
    const pending = callers.all.filter(({ state }) => state === "pending").map(({ who }) => who);
    const listening = callers.all.filter(({ abort }) => abort.listening > 0).map(({ who }) => who);
    const counters = trial.counters().join();
    return [
      pending.length > 0 ? `callers ${pending.join()} have not settled` : "",
      listening.length > 0 ? `listeners on the signals of ${listening.join()}` : "",
      innermost.reserved > 0 ? `${innermost.reserved} reserved inside` : "",
      clock.pending > 0 ? `${clock.pending} timers` : "",
      counters === trial.idle().join() ? "" : `counters ${counters}`,
    ].filter((each) => each !== "");
  }

  /** Callers begin in the order in which they asked. */
  private refuseDisorder(): void {
    const { lineOf = () => 0, repeats = false } = this.trial;
    const last = new Map<unknown, number>();
    for (const { who } of this.innermost.jobs) {
      if (!this.callers.calling.has(who)) continue;
      const before = last.get(lineOf(who)) ?? -1;
      if (before > who && !repeats) throw new Error(`${before} began before ${who}, who had asked before.`);
      last.set(lineOf(who), who);
    }
  }

  private async refuseLostCapacity(): Promise<void> {
    const { callers, trial } = this;
    const newcomers: Caller[] = [];
    while (newcomers.length < 5) {
      const each = callers.add();
      callers.tryReady(each, false);
      if (each.permit === undefined) break;
      newcomers.push(each);
    }
    for (const { permit } of newcomers) permit?.release();
    if (newcomers.length !== Math.min(trial.capacity(), 5)) {
      throw new Error(`At rest ${newcomers.length} can be reserved, and not ${trial.capacity()}.`);
    }
    if (trial.counters().join() !== trial.idle().join())
      throw new Error("Permits that are given back are not all back.");
    await turn();
  }

  /** What nobody looked at was reported, and nothing else. */
  private refuseWrongReports(): void {
    const reported = this.rejections.take();
    const { ignored } = this.callers;
    if (reported.length === ignored.length && ignored.every((reason) => reported.includes(reason))) return;
    throw new Error(`Reported as unhandled: ${reported.join()}; and not looked at: ${ignored.join()}.`);
  }
}
