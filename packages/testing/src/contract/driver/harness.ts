import type { Service } from "@sluice/core";
import { lookAtArrival } from "./arrival.ts";
import { Callers } from "./clients.ts";
import { Chronicle } from "./trace.ts";
import { Inside, nobody } from "./inner-service.ts";
import { microtasks } from "../../clock/microtasks.ts";
import { mostMeasured } from "./most-measured.ts";
import { nameOf } from "./name-of.ts";
import type { Subject } from "./subject.ts";
import { TimeWatch } from "./time-watch.ts";
import { VirtualClock } from "../../clock/virtual-clock.ts";

/** Options of a {@link World}. */
export interface WorldOptions {
  /** Whether the service inside is one that somebody else wrote; default false. */
  readonly foreign?: boolean;
  /** What `Math.random` begins with; default 0. */
  readonly seed?: number;
}

/** No more timers than this fire while time passes once: some arm them again and again. */
const mostTimers = 1_000;

/** So often may those be told that it is time who do not believe it. */
const mostRounds = 50;

/** A layer between callers and a service, with time that stands still. To be stopped at its end. */
export class World {
  readonly subject: Subject;
  readonly chronicle: Chronicle = new Chronicle();
  readonly clock: VirtualClock = new VirtualClock();
  readonly inside: Inside;
  readonly service: Service<unknown, unknown>;
  readonly callers: Callers;
  private readonly time: TimeWatch = new TimeWatch(this.clock);
  /** Timers fire when they are due, and `now()` does not move, as under fake timers that replace no more than that. */
  clockStandsStill = false;
  private gaveClock = false;

  constructor(subject: Subject, { foreign = false, seed = 0 }: WorldOptions = {}) {
    const { chronicle } = this;
    this.subject = subject;
    this.inside = new Inside(
      subject,
      chronicle,
      (arrival, reservedFor) => {
        lookAtArrival(this.callers, arrival, reservedFor);
      },
      () => {
        this.callers.waitsForEver();
      },
    );
    this.time.start(seed);
    try {
      const layer = subject.make(this.given());
      this.service = layer.wrap(this.inside.service(foreign));
    } catch (error) {
      this.time.stop();
      throw error;
    }
    this.callers = new Callers(this.service, this.inside, subject, chronicle);
    if (!foreign) return;
    chronicle.saw("the service inside is somebody else's, met by its permits");
    this.callers.orderKnown = subject.joins !== true;
  }

  /** Puts the globals back. */
  stop(): void {
    this.time.stop();
  }

  async advance(ms: number): Promise<void> {
    const { chronicle, clock } = this;
    chronicle.did(`${ms} ms pass`);
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
      chronicle.broken("throughClock", `a timer threw ${nameOf(error)}`);
    }
    await this.settle();
  }

  private async pass(ms: number): Promise<void> {
    if (!this.clockStandsStill) return this.clock.advanceAsync(ms);
    await microtasks();
    // In one go: nobody sees the clock go back.
    this.clock.jump(-ms);
    await this.clock.advance(ms);
  }

  jump(ms: number): void {
    this.chronicle.did(`the clock jumps by ${ms} ms`);
    this.clock.jump(ms);
  }

  /** Lets one microtask run. */
  async hurry(): Promise<void> {
    this.chronicle.hasty = true;
    this.chronicle.saw("… and one microtask later");
    await Promise.resolve();
  }

  /** Lets everything come to rest, and looks at it. */
  async settle(): Promise<void> {
    await microtasks();
    this.chronicle.settled();
    this.callers.settled();
  }

  /** How many can be reserved at once, up to `most`; all are given back. */
  async capacity(most: number): Promise<number> {
    this.chronicle.did("as many are reserved as can be, and given back");
    const permits: Disposable[] = [];
    try {
      while (permits.length < most) {
        const permit = this.service.tryReady(this.subject.requests[0]);
        if (permit === undefined) break;
        permits.push(permit);
      }
    } catch {
      // Not now: that is no capacity either.
    }
    for (const permit of permits.reverse()) permit[Symbol.dispose]();
    const { length } = permits;
    this.chronicle.saw(`there was room for ${length === most ? `${length} or more` : length}`);
    await this.settle();
    return length;
  }

  /** Reserves as much as can be, up to a few. */
  takeAll(): void {
    for (let taken = 0; taken < mostMeasured; taken++) {
      if (this.callers.tryReady(this.subject.requests[0]) === undefined) break;
    }
  }

  /** Brings everything to its end: answers, gives back, lets time pass. False when that does not come. */
  async finish(): Promise<boolean> {
    const { callers, clock, inside } = this;
    for (let round = 0; round < (this.clockStandsStill ? mostRounds : mostTimers); round++) {
      for (const held of callers.held) callers.release(held);
      inside.finish();
      await this.settle();
      if (callers.held.length > 0 || inside.works > 0 || inside.mock.active > 0) continue;
      const { going } = callers;
      const { next } = clock;
      // What goes on for those who called without options may have been given up on, and nobody was told.
      const unseen = callers.bare && next !== undefined && round < mostRounds;
      if (going.length === 0 && !unseen) return true;
      if (next !== undefined) await this.advance(next);
      else if (this.subject.capacity !== 0) return false;
      else {
        // A layer that lets nobody in keeps them waiting until they give up.
        const patient = going.filter(({ aborted, bare }) => !aborted && !bare);
        if (patient.length === 0) return going.every(({ bare }) => bare);
        for (const errand of patient) callers.abort(errand);
        await this.settle();
      }
    }
    return false;
  }

  /** Looks whether somebody went past the clock. What waits for such a timer never settles here. */
  lookAtTime(): void {
    const { chronicle, time } = this;
    for (const global of time.touched) {
      chronicle.broken(global === "AbortSignal.any" ? "leftBehind" : "throughClock", `${global} was used`);
    }
  }

  /** Looks at what is left behind at the end. */
  lookAround(): void {
    const { chronicle, clock, time } = this;
    for (const { id, watched } of this.callers.errands) {
      if (watched.listening > 0) chronicle.broken("leftBehind", `a listener is left on the signal of #${id}`);
    }
    this.lookInside();
    if (clock.pending > 0) chronicle.broken("idle", `timers armed while nothing is going on: ${clock.pending}`);
    if (time.systemTimers && this.gaveClock) {
      chronicle.broken("throughClock", "a timer was set on systemClock, though a clock was given");
    }
    for (const resource of time.keptAlive()) {
      chronicle.broken("idle", `the process is kept alive while nothing is going on: ${resource}`);
    }
    this.lookAtTime();
  }

  /** Looks whether something is reserved inside, when nobody holds a permit. */
  lookInside(): void {
    const { reserved } = this.inside.mock;
    if (reserved === 0) return;
    this.chronicle.broken("returnedOnce", `reservations inside that were never returned: ${reserved}`);
  }

  /** What the layer is made with; whether it looks at the clock is seen. */
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
