import type { AnyLayer, Service } from "@sluice/core";
import { dispose } from "@sluice/core/kit";
import { microtasks } from "../../clock/microtasks.ts";
import { VirtualClock } from "../../clock/virtual-clock.ts";
import type { Breach } from "../promises/breach.ts";
import { checkArrival } from "./arrival.ts";
import { checkAtRest } from "./at-rest.ts";
import { Clients } from "./clients.ts";
import { InnerService, nobody } from "./inner-service.ts";
import { nameOf } from "./name-of.ts";
import { nobodysDeadline } from "./operation.ts";
import { mostMeasured, type Subject } from "./subject.ts";
import { TimeWatch } from "./time-watch.ts";
import { Trace } from "./trace.ts";

/** Options of a {@link Harness}. */
export interface HarnessOptions {
  /** Whether the inner service is a {@link ForeignService}, which layers use through its permits; default false. */
  readonly foreign?: boolean;
  /** The seed of `Math.random`; default 0. */
  readonly seed?: number;
}

/** The most timers that fire in one `advance`, for a layer may arm timers without end. */
const mostTimers = 1_000;

/** How many rounds of timers fire while the clock stands still, before the layer counts as waiting for ever. */
const mostRounds = 50;

/**
 * A new instance of the layer between clients and an inner service, on virtual time. While it exists, globals are replaced: use
 * {@link inHarness}, which stops it.
 */
export class Harness {
  readonly subject: Subject;
  readonly trace: Trace = new Trace();
  readonly clock: VirtualClock = new VirtualClock();
  readonly inner: InnerService;
  /** The layer around the inner service. */
  readonly service: Service<unknown, unknown>;
  readonly clients: Clients;
  private readonly time: TimeWatch = new TimeWatch(this.clock);
  /** Whether timers fire when they are due while `now()` does not move, as under fake timers that replace only timers. */
  clockStandsStill = false;
  private readonly layer: AnyLayer;
  /** Whether the layer has read the option `clock`. */
  private gaveClock = false;

  constructor(subject: Subject, { foreign = false, seed = 0 }: HarnessOptions = {}) {
    const { trace } = this;
    this.subject = subject;
    this.inner = new InnerService(
      subject,
      trace,
      (arrival, reservedFor) => {
        checkArrival(this.clients, arrival, reservedFor);
      },
      () => {
        this.clients.waitsForEver();
      },
    );
    this.time.start(seed);
    try {
      this.layer = subject.make(this.given());
      this.service = this.layer.wrap(this.inner.service(foreign));
    } catch (error) {
      this.time.stop();
      throw error;
    }
    this.clients = new Clients(this.service, this.inner, subject, trace);
    if (!foreign) return;
    trace.saw("the service inside is a Service of another library, called through its permits");
    this.clients.orderKnown = subject.joins !== true;
  }

  /** How many armed timers would keep a process alive. */
  get armed(): number {
    return this.clock.pending - this.clock.unreferenced;
  }

  /** Puts the globals back. */
  stop(): void {
    this.time.stop();
  }

  /** Lets time pass and timers fire, with all microtasks between them. */
  async advance(ms: number): Promise<void> {
    const { trace, clock } = this;
    trace.did(`${ms} ms pass`);
    try {
      await this.subject.context.run(nobody, async () => {
        let left = ms;
        for (let fired = 0; fired < mostTimers; fired++) {
          const step = Math.min(clock.next ?? left, left);
          await this.pass(step);
          left -= step;
          if (left === 0) break;
        }
      });
    } catch (error) {
      trace.broken("throughClock", `a timer threw ${nameOf(error)}`);
    }
    await this.settle();
  }

  private async pass(ms: number): Promise<void> {
    if (!this.clockStandsStill) return this.clock.advanceAsync(ms);
    await microtasks();
    // Moves `now()` back by as much as `advance` moves it forward, in the same turn, so that no code reads a time in between.
    this.clock.jump(-ms);
    await this.clock.advance(ms);
  }

  /** Moves `now()`, and fires no timer. */
  jump(ms: number): void {
    this.trace.did(`the clock jumps by ${ms} ms`);
    this.clock.jump(ms);
  }

  /** Lets one microtask run, so that the next step happens while grants are on their way. */
  async hurry(): Promise<void> {
    this.trace.hasty = true;
    this.trace.saw("… and one microtask later");
    await Promise.resolve();
  }

  /** Lets all microtasks run, and then checks what must hold at rest. */
  async settle(): Promise<void> {
    const { clients, trace } = this;
    await microtasks();
    trace.settled();
    clients.settled();
    checkAtRest(clients);
  }

  /**
   * Waits, on virtual time, for capacity that comes later by the options: in the background (`ready`), or after the first question
   * (`warms`). Without those options it does nothing. Where the capacity never comes, there is no room.
   */
  async prepare(): Promise<void> {
    const { ready, warms } = this.subject;
    const { clients, trace } = this;
    if (ready !== undefined) {
      trace.did("ready(layer) is awaited");
      await this.awaited(ready(this.layer));
    }
    // Once a permit is held, there is room.
    if (warms && clients.held.length === 0 && clients.going.length === 0) {
      trace.did("readiness is asked for and released, so that the layer warms up");
      const givesUp = new AbortController();
      await this.awaited(this.warmUp(givesUp.signal));
      givesUp.abort();
    }
    if (ready !== undefined || warms) await this.settle();
  }

  private async warmUp(signal: AbortSignal): Promise<void> {
    const [request] = this.subject.requests;
    try {
      (await this.service.ready({ request, signal, deadline: nobodysDeadline })).release();
    } catch {
      // There is no room, which the count shows.
    }
  }

  /** Lets time pass until `promise` settles. A rejection is thrown; a promise that does not settle is left alone. */
  private async awaited(promise: PromiseLike<unknown>): Promise<void> {
    let settled = false;
    const over = (): void => {
      settled = true;
    };
    promise.then(over, over);
    for (let fired = 0; fired < mostTimers; fired++) {
      await microtasks();
      if (settled) {
        await promise;
        return;
      }
      const { next } = this.clock;
      if (next === undefined) return;
      await this.pass(next);
    }
  }

  /** Counts how many permits can be reserved at the same time, up to {@link mostMeasured}, and releases them. */
  async capacity(): Promise<number> {
    this.trace.did("all permits that are free are reserved, and released");
    const permits: Disposable[] = [];
    try {
      while (permits.length < mostMeasured) {
        const permit = this.service.tryReady(this.subject.requests[0]);
        if (permit === undefined) break;
        permits.push(permit);
      }
    } catch {
      // A failure of readiness counts as no capacity.
    }
    for (const permit of permits.reverse()) permit[dispose]();
    const { length } = permits;
    this.trace.saw(`there was room for ${length === mostMeasured ? `${length} or more` : length}`);
    await this.settle();
    return length;
  }

  /**
   * Reserves as many permits as it can, up to {@link mostMeasured}. Returns whether the layer is full: whether it refuses twice in a row,
   * for a layer that refuses by count or by chance may refuse once.
   */
  takeAll(): boolean {
    const { clients, subject } = this;
    for (let refused = 0; refused < 2;) {
      if (clients.held.length === mostMeasured) return false;
      refused = clients.tryReady(subject.requests[0]) === undefined ? refused + 1 : 0;
    }
    return true;
  }

  /**
   * Ends everything in progress: releases permits, answers calls, admits all callers, and lets time pass until nothing is pending. Returns
   * false where something stays pending, which is a breach.
   */
  async finish(): Promise<boolean> {
    const { clients, clock, inner } = this;
    for (let round = 0; round < (this.clockStandsStill ? mostRounds : mostTimers); round++) {
      for (const held of clients.held) clients.release(held);
      inner.finish();
      await this.settle();
      // First come permits that were granted meanwhile, and calls that arrived.
      if (clients.held.length > 0 || inner.pendingWork > 0 || inner.mock.active > 0) continue;
      const { going } = clients;
      const { next } = clock;
      // A layer may have settled a call before its work. Without options it could not register the work, so timers may fire for a while.
      const unseen = clients.bare && next !== undefined && round < mostRounds;
      if (going.length === 0 && !unseen) return true;
      if (next !== undefined) await this.advance(next);
      else if (this.subject.capacity !== 0) return false;
      else {
        // A layer that admits no call keeps them waiting until they abort.
        const patient = going.filter(({ aborted, bare }) => !aborted && !bare);
        if (patient.length === 0) return going.every(({ bare }) => bare);
        for (const operation of patient) clients.abort(operation);
        await this.settle();
      }
    }
    return false;
  }

  /**
   * Checks whether the layer used time from elsewhere than its clock. Where something never settles, this may be why: a real timer does not
   * fire on virtual time.
   */
  checkTimeUse(): void {
    const { trace, time } = this;
    for (const global of time.touched) {
      trace.broken(global === "AbortSignal.any" ? "leftBehind" : "throughClock", `${global} was used`);
    }
  }

  /** Checks for leftovers at the end: listeners, reservations, timers. */
  checkLeftovers(): void {
    const { trace, time } = this;
    for (const { id, watched } of this.clients.operations) {
      if (watched.listening > 0) trace.broken("leftBehind", `a listener is left on the signal of #${id}`);
    }
    this.checkReservedInside();
    const { armed } = this;
    if (armed > 0) trace.broken("idle", `timers armed while nothing is going on: ${armed}`);
    if (time.systemTimers && this.gaveClock) {
      trace.broken("throughClock", "a timer was set on systemClock, though a clock was given");
    }
    for (const resource of time.keptAlive()) {
      trace.broken("idle", `the process is kept alive while nothing is going on: ${resource}`);
    }
    this.checkTimeUse();
  }

  /** Checks that nothing is reserved inside. Call it only while no permit is held. */
  checkReservedInside(): void {
    const { reserved } = this.inner.mock;
    if (reserved === 0) return;
    this.trace.broken("returnedOnce", `reservations inside that were never returned: ${reserved}`);
  }

  /** The argument of `make`. Reading `clock` is recorded: a layer that has it must not use the system's clock. */
  private given(): { readonly clock: VirtualClock } {
    const { clock } = this;
    return Object.defineProperty({ clock }, "clock", {
      get: () => {
        this.gaveClock = true;
        return clock;
      },
    });
  }
}

/**
 * Runs `run` in a new harness, after {@link Harness.prepare} unless `cold`, and puts the globals back. Returns the breaches that were seen.
 */
export async function inHarness(
  subject: Subject,
  run: (harness: Harness) => Promise<void>,
  options?: HarnessOptions & { readonly cold?: boolean },
): Promise<readonly Breach[]> {
  const harness = new Harness(subject, options);
  try {
    if (options?.cold !== true) await harness.prepare();
    await run(harness);
  } finally {
    harness.stop();
  }
  return harness.trace.breaches;
}
