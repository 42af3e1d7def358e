import { turn } from "@sluice/test-kit";
import { VirtualClock } from "@sluice/testing";
import { acts } from "./acts.ts";
import { comeToRest } from "./at-rest.ts";
import { Callers } from "./callers.ts";
import { compareAll, compareCounters } from "./comparison.ts";
import { Innermost, type Job } from "./innermost.ts";
import type { Model, ModelJob } from "./model.ts";
import type { Rejections } from "./rejections.ts";
import type { Schedule, Step } from "./schedule.ts";
import type { Seams, Trial } from "./trial.ts";

/** One schedule, played on the real layer and on its model. */
export class Play {
  readonly clock: VirtualClock = new VirtualClock();
  readonly innermost: Innermost = new Innermost(this.clock);
  readonly callers: Callers;
  readonly trial: Trial;
  /** Undefined where it is not asked. */
  readonly model: Model | undefined;
  /** Whether the model has no prediction before the end of the turn. */
  unsure = false;

  constructor(make: (seams: Seams) => Trial, exact: boolean) {
    this.trial = make({ clock: this.clock, innermost: this.innermost });
    this.model = exact ? this.trial.model : undefined;
    this.callers = new Callers(this.trial.serviceFor, this.innermost, this.trial.shares === true);
  }

  /** @throws Error when a condition is broken, at a step or at the end */
  async run(steps: Schedule["steps"], rejections: Rejections): Promise<void> {
    for (const step of steps) {
      // No `await` without a promise: it would run a microtask.
      if (step.does === "advance") await this.advance(step.ms);
      else this.act(step);
      const gap = this.gapAfter(step);
      if (gap === "turn") await this.settle();
      else for (let hop = 0; hop < gap; hop++) await Promise.resolve();
      this.refuseFaults();
    }
    await this.settle();
    await this.callers.lookAtForgotten();
    if (this.model !== undefined) compareAll(this, this.model);
    await comeToRest(this);
    this.refuseFaults();
    // Exactly the unhandled promises were reported.
    const [reported, { ignored }] = [rejections.take(), this.callers];
    if (reported.length !== ignored.length || !ignored.every((reason) => reported.includes(reason))) {
      throw new Error(`Reported as unhandled: ${reported.join()}; and not looked at: ${ignored.join()}.`);
    }
  }

  /** Moves time to the next timer, at most, and nothing else. Returns how far. */
  tick(most: number): number {
    const ms = Math.min(this.clock.next ?? most, most);
    void this.clock.advance(ms);
    this.model?.tick(ms);
    return ms;
  }

  /** The same job in the model. One request may have several, one after the other. */
  modelled(job: Job, model: Model): ModelJob {
    const nth = this.innermost.jobs.filter(({ who }) => who === job.who).indexOf(job);
    return model.jobs.filter(({ request }) => request === job.who)[nth]!;
  }

  private act(step: Step): void {
    const act = this.trial.acts?.[step.does] ?? acts[step.does];
    if (act === undefined) throw new Error(`Nobody knows how to ${step.does}.`);
    act(step, this);
    if (this.model !== undefined && !this.unsure) compareCounters(this, this.model);
  }

  /** How many microtasks run before the next step, or all. Between two turns a model has no prediction. */
  private gapAfter({ gap }: Step): number | "turn" {
    if (this.model === undefined) return gap === 5 ? "turn" : gap;
    return gap > 2 || this.unsure ? "turn" : 0;
  }

  /** Time passes, and stops at each timer until everything has happened that can. */
  private async advance(ms: number): Promise<void> {
    for (let left = ms; left > 0;) {
      left -= this.tick(left);
      await this.settle();
    }
  }

  private async settle(): Promise<void> {
    await turn();
    // Some layers set a timer late.
    for (; this.clock.next === 0; await turn()) void this.clock.advance(0);
    const wrong = this.trial.wrong?.(this);
    if (wrong !== undefined) throw new Error(wrong);
    if (this.model === undefined) return;
    this.model.settle();
    this.unsure = false;
    compareAll(this, this.model);
  }

  private refuseFaults(): void {
    const [fault] = this.innermost.faults;
    if (fault !== undefined) throw new Error(fault);
  }
}
