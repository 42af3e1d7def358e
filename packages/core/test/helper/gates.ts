import type { Gate, Lease, Outcome, ReadyOptions } from "../../src/index.ts";

/** What a hostile gate does when its lease is told something. */
export type Trap = "start" | "answered" | "finish" | "cancel";

/** A gate with a given number of places, which writes down all that it is told. Those in line are let in by the test. */
export class RecordingGate implements Gate<unknown> {
  readonly log: string[];
  private readonly name: string;
  free: number;
  /** Leases that have been given out and have not come back. */
  held = 0;
  /** Leases that came back twice. */
  twice = 0;
  trap: Trap | undefined;
  /** What `tryAcquire` throws. */
  failure: Error | undefined;
  readonly asked: (ReadyOptions<unknown> | undefined)[] = [];
  private readonly waiters: { let: (lease: Lease) => void; refuse: (reason: unknown) => void }[] = [];

  constructor(name: string, free: number, log: string[] = []) {
    this.name = name;
    this.free = free;
    this.log = log;
  }

  tryAcquire(request?: unknown): Lease | undefined {
    this.asked.push({ request });
    if (this.failure !== undefined) throw this.failure;
    if (this.free === 0) return undefined;
    return this.lease();
  }

  acquire(options?: ReadyOptions<unknown>): Promise<Lease> {
    this.asked.push(options);
    return new Promise((resolve, reject) => {
      this.waiters.push({ let: resolve, refuse: reject });
    });
  }

  /** Lets the first in line in. */
  letIn(): void {
    this.waiters.shift()?.let(this.lease());
  }

  /** Refuses the first in line. */
  refuse(reason: unknown): void {
    this.waiters.shift()?.refuse(reason);
  }

  private lease(): Lease {
    this.free--;
    this.held++;
    this.log.push(`${this.name} in`);
    let over = false;
    const tell = (what: Trap, outcome?: Outcome): void => {
      this.log.push(outcome === undefined ? `${this.name} ${what}` : `${this.name} ${what} ${outcome.status}`);
      if (this.trap === what) throw new Error(`${this.name} ${what} trap`);
    };
    const back = (): void => {
      if (over) {
        this.twice++;
        return;
      }
      over = true;
      this.free++;
      this.held--;
    };
    return {
      cancel: () => {
        back();
        tell("cancel");
      },
      start: () => {
        tell("start");
      },
      answered: (outcome) => {
        tell("answered", outcome);
      },
      finish: (outcome) => {
        back();
        tell("finish", outcome);
      },
    };
  }
}
