import type { Clock, Lease, ReadyOptions } from "@sluice/core";
import { Alarm, Line, requireNear } from "@sluice/core/kit";
import type { Circuit } from "./circuit.ts";

/** Who lets callers in, and refuses them. */
export interface Doorkeeper<Req> {
  /** There is room. */
  letIn(now: number): Lease<Req>;
  refusal(): Error;
}

/** Callers who wait until a circuit closes or a probe is free. There is one timer, while somebody waits. */
export class CircuitLine<Req> {
  private readonly circuit: Circuit;
  private readonly doorkeeper: Doorkeeper<Req>;
  private readonly alarm: Alarm;
  private readonly line: Line<Lease<Req>, Req> = new Line(() => {
    this.serve(this.now());
  });
  /** In which era those in line were looked at last. */
  private looked = 0;

  constructor(circuit: Circuit, clock: Clock, doorkeeper: Doorkeeper<Req>) {
    this.circuit = circuit;
    this.doorkeeper = doorkeeper;
    this.alarm = new Alarm(clock, (now) => {
      this.serve(now);
    });
  }

  /** The time of the circuit, in milliseconds. */
  now(): number {
    return this.alarm.now();
  }

  /** Callers in line. */
  get size(): number {
    return this.line.size;
  }

  /** Whether a newcomer must not be let in. */
  blocks(): boolean {
    return this.line.blocks();
  }

  /**
   * Waits for a lease.
   *
   * @throws the refusal, where the break is not over by the deadline; RangeError where that is too far away
   */
  join(owner: string, options: ReadyOptions<Req>): Promise<Lease<Req>> {
    const { deadline = Infinity } = options;
    const now = this.now();
    const { ahead } = this.alarm;
    requireNear(owner, deadline, now - ahead);
    if (this.isTooLate(deadline + ahead)) throw this.doorkeeper.refusal();
    // The deadline is a time of the clock, and waits in ours: the clock may be set back meanwhile.
    const waiting = this.line.join(ahead === 0 ? options : { ...options, deadline: deadline + ahead });
    this.serve(now);
    return waiting;
  }

  /** Lets in whom there is room for, and sets the alarm for the rest. */
  serve(now: number): void {
    const { circuit, line, doorkeeper } = this;
    if (line.size > 0) circuit.advance(now);
    while (line.size > 0 && circuit.hasRoom) line.grant(doorkeeper.letIn(now));
    this.refuseLate();
    this.watch();
  }

  /** Sets the alarm: it may have become another time at which something changes. */
  watch(): void {
    this.alarm.set(this.line.size > 0 ? this.circuit.due : Infinity);
  }

  /** Refuses those whose deadline falls in a break that has begun, wherever they stand. Who joins later is looked at then. */
  private refuseLate(): void {
    const { circuit, line, doorkeeper } = this;
    if (this.looked === circuit.era) return;
    this.looked = circuit.era;
    for (const waiter of line) if (this.isTooLate(waiter.options.deadline)) line.refuse(doorkeeper.refusal(), waiter);
  }

  private isTooLate(deadline = Infinity): boolean {
    return this.circuit.state === "open" && this.circuit.due > deadline;
  }
}
