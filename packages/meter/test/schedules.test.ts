import { gate, type Permit, Semaphore, type Service, ServiceBuilder } from "@sluice/core";
import { VirtualClock } from "@sluice/testing";
import { type Deferred, deferred, turn, schedules } from "@sluice/test-kit";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { meter, type Meter } from "../src/index.ts";
import { atHand, type Running } from "./helper/at-hand.ts";
import { asked, expectToAddUp, gauges } from "./helper/sums.ts";

const steps = ["tryReady", "ready", "call", "spend", "release", "abort", "respond", "fail", "handUp", "settle", "time"];

/** Callers who do what a schedule says. */
class Callers {
  asked = 0;
  private readonly permits: Permit<string, string>[] = [];
  private readonly controllers: AbortController[] = [];
  private readonly works: Deferred<void>[] = [];
  private readonly service: Service<string, string>;
  private readonly running: Running[];
  private readonly clock: VirtualClock;

  constructor(service: Service<string, string>, running: Running[], clock: VirtualClock) {
    this.service = service;
    this.running = running;
    this.clock = clock;
  }

  do(step: string, which: number): void {
    const { service, permits, controllers, running, works } = this;
    const take = <T>(from: T[]): T | undefined => from.splice(which % (from.length || 1), 1)[0];
    const signal = (): AbortSignal => {
      const controller = new AbortController();
      controllers.push(controller);
      return controller.signal;
    };
    switch (step) {
      case "tryReady": {
        this.asked++;
        const permit = service.tryReady("a");
        if (permit !== undefined) permits.push(permit);
        return;
      }
      case "ready":
        this.asked++;
        service.ready({ request: "a", signal: signal() }).then(
          (permit) => permits.push(permit),
          () => {},
        );
        return;
      case "call":
        this.asked++;
        service.call("a", { signal: signal() }).catch(() => {});
        return;
      case "spend":
        take(permits)
          ?.call("a", { signal: signal() })
          .catch(() => {});
        return;
      case "release":
        take(permits)?.release();
        return;
      case "abort": {
        const controller = take(controllers);
        controller?.abort(new Error("gone"));
        // Some handlers heed it.
        for (const call of running) if (call.options.signal?.aborted) call.reject(call.options.signal.reason);
        return;
      }
      case "respond":
        take(running)?.resolve("A");
        return;
      case "fail":
        take(running)?.reject(Object.assign(new Error("down"), { code: `E${which}` }));
        return;
      case "handUp": {
        const work = deferred();
        works.push(work);
        running[which % (running.length || 1)]?.options.waitUntil?.(work.promise);
        return;
      }
      case "settle":
        take(works)?.resolve();
        return;
      default:
        void this.clock.advance(which);
    }
  }

  /** All leave, and all that runs ends. */
  async end(): Promise<void> {
    for (let turns = 0; turns < 60; turns++) {
      for (const step of ["abort", "release", "respond", "settle"]) this.do(step, 0);
      await Promise.resolve();
    }
    await turn();
  }
}

const schedule = fc.array(fc.tuple(fc.constantFrom(...steps), fc.nat({ max: 5 }), fc.nat({ max: 3 }), fc.boolean()), {
  maxLength: 60,
});

async function run(
  drawn: readonly (readonly [step: string, which: number, turns: number, toggles: boolean])[],
  look: (meters: readonly Meter[], callers: Callers) => void,
  toggle: (meter: Meter) => void = () => {},
): Promise<readonly Meter[]> {
  const clock = new VirtualClock();
  const { running, service } = atHand();
  const meters = [meter("outer", { clock, codes: 2 }), meter("inner", { clock, codes: 2 })] as const;
  const stack = new ServiceBuilder()
    .layer(meters[0])
    .layer(gate(new Semaphore(2, { clock }), { name: "slots" }))
    .layer(meters[1])
    .service(service);
  const callers = new Callers(stack, running, clock);
  for (const [step, which, turns, toggles] of drawn) {
    if (toggles) toggle(meters[which % 2]!);
    callers.do(step, which);
    look(meters, callers);
    for (let microtask = 0; microtask < turns; microtask++) {
      await Promise.resolve();
      look(meters, callers);
    }
  }
  await callers.end();
  return meters;
}

test("promise 2: at any moment what was granted is released, reserved, active or answered; at rest nothing is left", async () => {
  const check = fc.asyncProperty(schedule, async (drawn) => {
    const meters = await run(drawn, ([outer, inner], callers) => {
      expectToAddUp(outer!);
      expectToAddUp(inner!);
      // Each question is counted once, whatever became of it.
      expect(asked(outer!)).toBe(callers.asked);
      // Between the two is the limit.
      expect(inner!.active).toBeLessThanOrEqual(2);
    });
    for (const each of meters) {
      expectToAddUp(each);
      expect(gauges(each)).toEqual([0, 0, 0, 0]);
    }
  });
  await fc.assert(check, { numRuns: schedules(1_000) });
});

test("promise 10: switched at any moment, no gauge goes below 0 and none stays", async () => {
  const check = fc.asyncProperty(schedule, async (drawn) => {
    const meters = await run(
      drawn,
      (both) => {
        for (const each of both) expectToAddUp(each);
      },
      (each) => (each.enabled = !each.enabled),
    );
    for (const each of meters) expect(gauges(each)).toEqual([0, 0, 0, 0]);
  });
  await fc.assert(check, { numRuns: schedules(1_000) });
});
