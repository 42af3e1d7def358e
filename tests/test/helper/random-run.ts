import type { Permit, Service } from "@sluice/core";
import { type MockHandle, type MockRequest, mockService, VirtualClock } from "@sluice/testing";
import * as fc from "fast-check";
import { deferred, type DrawnLayer, Transient } from "@sluice/test-kit";
import { does, drawnLayer, kinds, type LayerDraw } from "./drawn-layer.ts";
import { stacked } from "./stacked.ts";
import { type WatchedAbort, watchedAbort } from "./watched-abort.ts";

/** One step. It reads only the members that it needs. */
export interface Step {
  readonly what: string;
  readonly pick: number;
  readonly ms: number;
  readonly other: boolean;
  /** How many microtasks run before the next step, or all. */
  readonly next: number | "settle";
}

const weights: Readonly<Record<string, number>> = {
  call: 4,
  ready: 3,
  tryReady: 2,
  spend: 3,
  spendAgain: 1,
  release: 2,
  respond: 4,
  fail: 2,
  handUp: 1,
  endWork: 1,
  abort: 3,
  allow: 1,
  failReadiness: 1,
  advance: 3,
};

/** 2 to 6 layers in any order. */
export const drawnStacks: fc.Arbitrary<LayerDraw[]> = fc.array(
  fc.record({
    kind: fc.constantFrom(...kinds.keys()),
    size: fc.integer({ min: 1, max: 3 }),
    ms: fc.integer({ min: 1, max: 40 }),
  }),
  { minLength: 2, maxLength: 6, size: "max" },
);

/** Steps of callers, the service inside and time, in any order. */
export const schedules: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    what: fc.constantFrom(...Object.entries(weights).flatMap(([what, weight]) => Array<string>(weight).fill(what))),
    pick: fc.nat(11),
    ms: fc.integer({ min: 0, max: 30 }),
    other: fc.boolean(),
    next: fc.oneof(fc.constant("settle" as const), fc.nat(6)),
  }),
  { maxLength: 40, size: "max" },
);

/** A caller. */
interface Errand {
  readonly abort: WatchedAbort;
  readonly blind: boolean;
  settled: boolean;
}

/** A call that reached the service inside, and its registered work. */
interface Job {
  readonly request: MockRequest<string, string>;
  works: (() => void)[];
}

/** The most permits that are reserved to measure the capacity. */
const mostReserved = 5;

/** A random stack, with callers outside and a service inside. */
class RandomRun {
  readonly clock: VirtualClock = new VirtualClock();
  readonly layers: readonly DrawnLayer[];
  private readonly inner: Service<string, string>;
  private readonly handle: MockHandle<string, string>;
  private readonly service: Service<string, string>;
  private readonly errands: Errand[] = [];
  private readonly permits: Permit<string, string>[] = [];
  private readonly spent: Permit<string, string>[] = [];
  private jobs: Job[] = [];
  private asked = 0;
  /** How many arrivals inside have been processed. */
  private known = 0;
  private finishing = false;
  /** The most jobs that may run at the same time. */
  private readonly most: number;
  private readonly capacity: string;
  /** Whether two callers may deadlock: one waits for the first of two services and holds the second, the other the reverse. */
  private readonly mayDeadlock: boolean;

  constructor(draws: readonly LayerDraw[]) {
    this.layers = draws.map((draw) => drawnLayer(draw, this.clock));
    const [inner, handle] = mockService<string, string>();
    this.inner = inner;
    this.handle = handle;
    this.service = stacked(
      this.layers.map(({ layer }) => layer),
      inner,
    );
    // A limit around a retry counts requests, and an abandoned attempt of a request may run beside the next.
    const lastRepeat = draws.map((draw) => does(draw, "repeats")).lastIndexOf(true);
    this.most = Math.min(...this.layers.slice(lastRepeat + 1).map(({ max = Number.POSITIVE_INFINITY }) => max));
    const both = draws.findIndex((draw) => does(draw, "joins"));
    this.mayDeadlock = both >= 0 && both < lastRepeat;
    this.capacity = this.reservable();
  }

  /** Does one step, and checks what must hold at any time. */
  async step({ what, pick, ms, other, next }: Step): Promise<void> {
    this.act(what, pick, ms, other);
    this.check();
    if (next === "settle") await this.settle();
    else for (let tick = 0; tick < next; tick++) await Promise.resolve();
    this.check();
  }

  /** Aborts or serves all callers. Returns what is left, by name, which should be nothing. */
  async finish(): Promise<readonly string[]> {
    this.finishing = true;
    this.handle.allow(Number.POSITIVE_INFINITY);
    try {
      // A failure that no caller got.
      this.inner.tryReady()?.release();
    } catch {
      // Now a caller has got it.
    }
    // One permit of each route may be impossible.
    for (const { blind, settled, abort } of this.errands) if (blind && !settled) abort.abort("finishing");
    for (const permit of this.permits.splice(0)) permit.release();
    for (let round = 0; round < 200 && (round < 3 || this.left().length > 0); round++) {
      if (round === 50 && this.mayDeadlock) for (const { abort } of this.errands) abort.abort("finishing");
      await this.settle();
      for (const { request, works } of this.jobs) {
        request.respond("ok");
        for (const end of works.splice(0)) end();
      }
      await this.settle();
      await this.clock.advanceAsync(50);
      this.check();
    }
    // A rate has its whole quota again.
    await this.clock.advance(1_000);
    const left = this.left();
    if (left.length > 0) return left;
    const capacity = this.reservable();
    return capacity === this.capacity ? this.left() : [`capacity: ${capacity}, and was ${this.capacity}`];
  }

  private act(what: string, pick: number, ms: number, other: boolean): void {
    const one = <T>(from: readonly T[]): T | undefined => from[pick % Math.max(from.length, 1)];
    switch (what) {
      case "call": {
        const errand = this.errand(false);
        const deadline = other ? this.clock.now() + ms : undefined;
        this.follow(errand, this.service.call(this.request(pick), { signal: errand.abort.signal, deadline }));
        break;
      }
      case "ready": {
        const errand = this.errand(other);
        const request = other ? undefined : this.request(pick);
        const granted = this.service.ready({ request, signal: errand.abort.signal }).then((permit) => {
          if (this.finishing) permit.release();
          else this.permits.push(permit);
        });
        this.follow(errand, granted);
        break;
      }
      case "tryReady": {
        try {
          const permit = this.service.tryReady(other ? undefined : this.request(pick));
          if (permit !== undefined) this.permits.push(permit);
        } catch {
          // A failure of readiness.
        }
        break;
      }
      case "spend": {
        const permit = this.take(pick);
        if (permit === undefined) break;
        const errand = this.errand(false);
        this.follow(errand, permit.call(this.request(pick), { signal: errand.abort.signal }));
        break;
      }
      case "spendAgain": {
        const permit = one(this.spent);
        const { calls } = this.handle;
        permit?.call("again").catch(() => {});
        permit?.release();
        if (this.handle.calls !== calls) throw new Error("A permit was spent twice.");
        break;
      }
      case "release":
        this.take(pick)?.release();
        break;
      case "respond":
        one(this.inFlight())?.request.respond("ok");
        break;
      case "fail":
        one(this.inFlight())?.request.fail(other ? new Transient("fails") : new Error("fails"));
        break;
      case "handUp": {
        const job = one(this.inFlight());
        if (job?.request.options.waitUntil === undefined) break;
        const { promise, resolve, reject } = deferred();
        job.request.options.waitUntil(promise);
        promise.catch(() => {});
        job.works.push(other ? resolve : () => reject(new Error("work fails")));
        break;
      }
      case "endWork":
        one(this.jobs)?.works.shift()?.();
        break;
      case "abort":
        one(this.errands)?.abort.abort("left");
        break;
      case "allow":
        this.handle.allow(other ? Number.POSITIVE_INFINITY : pick % 4);
        break;
      case "failReadiness":
        this.handle.sendFailure(new Error("not ready"));
        break;
      default:
        void this.clock.advance(ms);
    }
  }

  private request(pick: number): string {
    return "x".repeat(pick % 5) + `${this.asked++}`;
  }

  private errand(blind: boolean): Errand {
    const errand = { abort: watchedAbort(), blind, settled: false };
    this.errands.push(errand);
    return errand;
  }

  private follow(errand: Errand, answer: Promise<unknown>): void {
    const settled = (): void => {
      errand.settled = true;
    };
    answer.then(settled, settled);
  }

  private take(pick: number): Permit<string, string> | undefined {
    const [permit] = this.permits.splice(pick % Math.max(this.permits.length, 1), 1);
    if (permit !== undefined) this.spent.push(permit);
    return permit;
  }

  private inFlight(): Job[] {
    return this.jobs.filter(({ request }) => !request.answered);
  }

  /** Lets everything happen that can, and processes arrivals inside. */
  private async settle(): Promise<void> {
    await this.clock.advance(0);
    for (let known = this.known; known < this.handle.calls; known++) {
      this.jobs.push({ request: await this.handle.nextRequest(), works: [] });
    }
    this.known = this.handle.calls;
    this.jobs = this.jobs.filter(({ request, works }) => !request.answered || works.length > 0);
  }

  /** What must hold at any time. */
  private check(): void {
    const going =
      this.handle.active + this.jobs.filter(({ request, works }) => request.answered && works.length > 0).length;
    if (going > this.most) throw new Error(`Promise 6: ${going} run, and ${this.most} may.`);
  }

  /** How many permits can be reserved, blindly and for a request; they are released. */
  private reservable(): string {
    const count = (request?: string): number => {
      const permits: Permit<string, string>[] = [];
      for (let nth = 0; nth < mostReserved; nth++) {
        const permit = this.service.tryReady(request);
        if (permit === undefined) break;
        permits.push(permit);
      }
      for (const permit of permits) permit.release();
      return permits.length;
    };
    return ["x", "xx", "xxx", undefined].map(count).join();
  }

  /** Everything that is not at rest. */
  private left(): readonly string[] {
    const counts: Readonly<Record<string, number>> = {
      "calls and waits that have not settled": this.errands.filter(({ settled }) => !settled).length,
      "listeners on callers' signals": this.errands.reduce((sum, { abort }) => sum + abort.listening, 0),
      "reserved inside": this.handle.reserved,
      "in line inside": this.handle.waiting,
      "in flight inside": this.handle.active,
      "timers armed": this.clock.pending,
      ...Object.fromEntries(
        this.layers.map(({ layer, held }, nth) => [`held by ${nth}, ${layer.name}`, held?.() ?? 0]),
      ),
    };
    return Object.entries(counts).flatMap(([what, count]) => (count === 0 ? [] : [`${what}: ${count}`]));
  }
}

/** Plays a run; returns what is left at its end. */
export async function runAtRandom(draws: readonly LayerDraw[], steps: readonly Step[]): Promise<readonly string[]> {
  const run = new RandomRun(draws);
  for (const step of steps) await run.step(step);
  return run.finish();
}
