import { type Keeps, type Layer, middleware } from "@sluice/core";
import { fault, type Load } from "./load.ts";

/** One call by one caller, and its state. */
export class Operation {
  readonly id: number;
  /** The name of its stack. */
  readonly stack: string;
  /** Undefined when it shares the signal of many. */
  readonly own: AbortController | undefined;
  readonly signal: AbortSignal;
  /** When it is aborted, if at all. */
  readonly aim: Aim;
  /** Its abort reason. */
  readonly reason: object = {};
  /** How many attempts began. */
  attempts = 0;
  /** Whether an attempt began whose work has not been started yet. */
  unstarted = false;
  /** Whether an attempt has no outcome yet. */
  attempting = false;
  /** Work that has not settled. */
  running = 0;
  failures: unknown[] = [];
  answered = false;
  /** How often the caller got an outcome. */
  ended = 0;

  constructor(id: number, stack: string, aim: Aim, shared: AbortSignal | undefined) {
    this.id = id;
    this.stack = stack;
    this.aim = aim;
    this.own = shared === undefined ? new AbortController() : undefined;
    this.signal = shared ?? this.own!.signal;
  }

  get phase(): "waiting" | "in flight" | "between attempts" {
    if (this.attempts === 0 || this.unstarted) return "waiting";
    return this.attempting ? "in flight" : "between attempts";
  }

  abort(): void {
    this.own?.abort(this.reason);
  }
}

export type Aim = "never" | "before" | "waiting" | "in flight" | "between attempts" | "at random";

/** An operation on its way to a route. */
export interface Job {
  readonly operation: Operation;
  readonly route: number;
}

/** A layer that checks attempts: one after the other, at most `most` of them, none after an answer. */
export function attempts(load: Load, most: number): Layer<Keeps<Job>> {
  return middleware("attempts", (job: Job, next, options) => {
    const { operation } = job;
    if (operation.attempting) fault(load, `${operation.stack}: two attempts at the same time`);
    if (operation.answered) fault(load, `${operation.stack}: an attempt after an answer`);
    if (++operation.attempts > most) fault(load, `${operation.stack}: more than ${most} attempts`);
    operation.attempting = true;
    operation.unstarted = true;
    const over = (): void => {
      operation.attempting = false;
      // A later start is an error.
      operation.unstarted = false;
    };
    const answer = next(job, options);
    answer.then(() => {
      if (operation.unstarted) fault(load, `${operation.stack}: answered, and never started`);
      operation.answered = true;
      over();
    }, over);
    return answer;
  });
}
