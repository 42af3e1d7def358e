import { Model, type ModelJob } from "./model.ts";
import { type News, PlainGate, tellAll } from "./plain-gate.ts";

/** Slots, and a queue whose first caller asks the service inside. */
export class BufferModel extends Model {
  /** The holders of slots: with a permit in hand, or in the queue. */
  readonly slots: PlainGate;
  private readonly news: News = [];
  /** The waiting callers, and since when they wait. */
  private readonly queue: Map<number, number> = new Map();
  /** How many more calls the service inside admits. */
  private allowed = Number.POSITIVE_INFINITY;
  /** The caller in the line of the service inside. */
  private asking: number | undefined;
  /** The results of this turn, of which the callers do not know yet. */
  private told: { readonly who: number; readonly granted: boolean }[] = [];
  /** Calls that have left the queue, until all their work has ended. */
  private active = 0;
  private phase: "open" | "draining" | "closed" = "open";
  draining = false;
  private drained = false;

  constructor(capacity: number) {
    super();
    this.slots = new PlainGate(capacity, this.news);
  }

  /** Waiting, in line for a slot, active, available, oldest, whether it is drained, and the callers that ask inside: one at most. */
  counters(): readonly number[] {
    const { line, room } = this.slots;
    const [since = this.now] = this.queue.values();
    return [
      this.queue.size,
      line.length,
      this.active,
      room,
      this.now - since,
      this.draining && this.drained ? 1 : 0,
      this.asking === undefined ? 0 : 1,
    ];
  }

  allow(count: number): void {
    this.allowed = count;
    this.serveInside();
  }

  override failReadiness(): void {
    if (this.asking === undefined) super.failReadiness();
    else this.tellAsking(false);
  }

  close(): void {
    this.phase = "closed";
    this.turnAway();
    for (const who of this.queue.keys()) this.endInQueue(who, "closed");
  }

  drain(): void {
    if (this.phase === "open") this.phase = "draining";
    this.draining = true;
    this.turnAway();
  }

  override settle(): void {
    super.settle();
    this.drained ||= this.draining && this.active === 0 && (this.slots.inside.size === 0 || this.phase === "closed");
  }

  protected take(who: number): boolean | string {
    if (this.phase !== "open") return "closed";
    return this.slots.take(who);
  }

  protected wait(who: number): void {
    this.slots.join(who);
  }

  protected waits(who: number): boolean {
    return this.slots.line.includes(who) || this.queue.has(who);
  }

  protected override giveUp(who: number): void {
    if (this.queue.has(who)) this.endInQueue(who, "aborted");
    else super.giveUp(who);
  }

  /** Leaves the line for a slot, or releases the slot. */
  protected leave(who: number): void {
    this.slots.leave(who);
  }

  protected override over(_job: ModelJob): void {
    this.active--;
  }

  /** A call that has a slot. */
  protected override begin(who: number, request: number): void {
    this.states[who] = "pending";
    if (this.phase === "closed") this.endWithSlot(who, "closed");
    else if (this.queue.size > 0) this.queue.set(who, this.now);
    else if (this.fails()) this.endWithSlot(who, "not ready");
    else if (this.allowed > 0 && !this.blocked) {
      this.allowed--;
      this.start(who, request);
    } else {
      this.queue.set(who, this.now);
      this.ask(who);
    }
  }

  protected tell(): boolean {
    const told = this.told.splice(0);
    for (const { who, granted } of told) {
      if (granted && this.queue.has(who)) this.startFirst(who);
      else if (granted) this.allowed++;
      else if (this.queue.has(who)) this.endInQueue(who, "not ready");
    }
    if (told.length > 0) this.serveInside();
    const moved = tellAll(this.news, (who) => this.hear(who));
    const [first] = this.queue.keys();
    if (first === undefined || first === this.asking || this.told.length > 0) return moved || told.length > 0;
    this.ask(first);
    return true;
  }

  /** Whether the service inside admits no newcomer before a granted caller has moved on. */
  private get blocked(): boolean {
    return this.told.some(({ granted }) => granted);
  }

  /** The first of the queue asks the service inside. */
  private ask(who: number): void {
    if (this.fails()) this.endInQueue(who, "not ready");
    else {
      this.asking = who;
      if (!this.blocked) this.serveInside();
    }
  }

  private serveInside(): void {
    if (this.asking === undefined || this.allowed === 0) return;
    this.allowed--;
    this.tellAsking(true);
  }

  private tellAsking(granted: boolean): void {
    this.told.push({ who: this.asking!, granted });
    this.asking = undefined;
  }

  private startFirst(who: number): void {
    this.queue.delete(who);
    this.start(who, who);
  }

  private start(who: number, request: number): void {
    this.active++;
    super.begin(who, request);
    this.slots.leave(who);
  }

  private endInQueue(who: number, why: string): void {
    this.queue.delete(who);
    if (this.asking === who) this.asking = undefined;
    this.endWithSlot(who, why);
  }

  /** The slot is free immediately; the end of the call is known at the end of the turn. */
  private endWithSlot(who: number, why: string): void {
    this.states[who] = why;
    this.active++;
    this.slots.leave(who);
    this.later(() => this.active--);
  }

  private turnAway(): void {
    for (const who of this.slots.line.splice(0)) this.states[who] = "closed";
  }
}
