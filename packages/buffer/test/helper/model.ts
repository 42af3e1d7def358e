/** What a buffer of so many slots is: lists, and a number. */
export class Model {
  readonly capacity: number;
  phase: "open" | "draining" | "closed" = "open";
  /** Callers in line for a slot; those with `calls` call as soon as they have one. */
  line: { id: number; calls: boolean }[] = [];
  /** Permits in hand. */
  held: number[] = [];
  queue: number[] = [];
  running: number[] = [];
  /** How many more the inner service takes. */
  allowed = 0;
  /** The next one to ask the inner service fails. */
  failing = false;
  /** What became of each. */
  readonly ends: Map<number, string> = new Map();
  readonly started: number[] = [];
  /** What those got who tried. */
  readonly tried: string[] = [];

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get taken(): number {
    return this.held.length + this.queue.length;
  }

  get drained(): boolean {
    return this.running.length === 0 && (this.taken === 0 || this.phase === "closed");
  }

  try(id: number): void {
    if (this.phase !== "open") this.tried.push("closed");
    else if (this.line.length > 0 || this.taken >= this.capacity) this.tried.push("nothing");
    else {
      this.tried.push("permit");
      this.held.push(id);
    }
  }

  enter(id: number, calls: boolean): void {
    if (this.phase !== "open") this.ends.set(id, "closed");
    else this.line.push({ id, calls });
  }

  spend(id: number): void {
    if (this.phase === "closed") this.ends.set(id, "closed");
    else this.queue.push(id);
  }

  turnAway(): void {
    for (const { id } of this.line.splice(0)) this.ends.set(id, "closed");
  }

  /** Until nothing moves any more. */
  settle(): void {
    for (;;) {
      if (this.queue.length > 0 && this.failing) {
        this.failing = false;
        this.ends.set(this.queue.shift()!, "not ready");
      } else if (this.queue.length > 0 && this.allowed > 0) {
        this.allowed--;
        const id = this.queue.shift()!;
        this.started.push(id);
        this.running.push(id);
      } else if (this.line.length > 0 && this.taken < this.capacity) {
        const { id, calls } = this.line.shift()!;
        if (calls) this.queue.push(id);
        else this.held.push(id);
      } else return;
    }
  }
}
