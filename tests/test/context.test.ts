import { AsyncLocalStorage } from "node:async_hooks";
import { buffer } from "@sluice/buffer";
import { type AnyLayer, middleware, serviceFn } from "@sluice/core";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { exponentialBackoff, retry, retryPolicy } from "@sluice/retry";
import { VirtualClock } from "@sluice/testing";
import { timeout } from "@sluice/timeout";
import { currentRequestId, trace } from "@sluice/trace";
import { andThen, filter, mapResponse, recover } from "@sluice/util";
import { describe, expect, test } from "vitest";
import { eachLayer, shedding } from "./helper/each-layer.ts";
import { gateway, stacks, transient } from "./helper/gateway.ts";
import { stacked } from "./helper/stacked.ts";
import { Workshop } from "./helper/workshop.ts";

const caller = new AsyncLocalStorage<string>();

/** A layer that records its async context, before and after the call. */
function noting(seen: string[]): AnyLayer {
  return middleware("noting", (request: string, next, options) => {
    seen.push(`${request} in ${caller.getStore()}`);
    const out = (): void => {
      seen.push(`${request} in ${caller.getStore()}`);
    };
    const answer = next(request, options);
    answer.then(out, out);
    return answer;
  });
}

const again = retryPolicy({
  maxRetries: 2,
  retryIf: ({ outcome }) => outcome.status === "rejected",
  backoff: exponentialBackoff({ base: 10, max: 10, jitter: "none" }),
});

/** The places where calls wait. */
const waits: Record<string, (clock: VirtualClock) => AnyLayer[]> = {
  "for a slot": () => [concurrencyLimit(1)],
  "for slots in two lines": () => [concurrencyLimit(2), concurrencyLimit(1)],
  "for a rate, served by one timer": (clock) => [rateLimit({ limit: 1, interval: 10, clock })],
  "in a buffer": () => [buffer({ capacity: 9 }), concurrencyLimit(1)],
  "for a slot of a buffer": () => [buffer({ capacity: 1 }), concurrencyLimit(1)],
  "in a buffer for a rate": (clock) => [buffer({ capacity: 9 }), rateLimit({ limit: 1, interval: 10, clock })],
  "under a timeout": (clock) => [timeout({ ready: 1_000, total: 1_000, clock }), concurrencyLimit(1)],
  "through layers of every kind": (clock) => [
    ...Object.entries(eachLayer).flatMap(([name, make]) => (shedding.includes(name) ? [] : [make(clock)])),
    concurrencyLimit(1),
  ],
};

describe("promise 8: work runs in the async context of the caller who asked", () => {
  test.each(Object.entries(waits))("when it has waited %s", async (_name, layers) => {
    const clock = new VirtualClock();
    const workshop = new Workshop();
    const seen: string[] = [];
    const service = stacked([...layers(clock), noting(seen)], workshop.service);
    const names = ["a", "b", "c", "d"];
    const answers = names.map((name) => caller.run(name, () => service.call(name)));
    for (const _ of names) {
      await clock.advanceAsync(10);
      workshop.running[0]?.finish();
    }
    await Promise.all(answers);
    expect(seen.sort()).toEqual(names.flatMap((name) => [`${name} in ${name}`, `${name} in ${name}`]));
  });

  test("when it is tried again, after a backoff and after a wait", async () => {
    const clock = new VirtualClock();
    const workshop = new Workshop();
    const seen: string[] = [];
    const service = stacked(
      [timeout({ call: 10_000, clock }), retry(again, { clock }), concurrencyLimit(1), noting(seen)],
      workshop.service,
    );
    const answers = ["a", "b"].map((name) => caller.run(name, () => service.call(name)));
    for (let attempt = 0; attempt < 4; attempt++) {
      await clock.advanceAsync(30);
      workshop.running[0]?.fail(new Error("again"));
    }
    for (let attempt = 0; attempt < 4; attempt++) {
      await clock.advanceAsync(30);
      workshop.running[0]?.finish();
    }
    await Promise.allSettled(answers);
    expect(workshop.begun).toHaveLength(6);
    for (const name of ["a", "b"]) {
      expect(seen.filter((each) => each.startsWith(name))).toEqual(Array<string>(6).fill(`${name} in ${name}`));
    }
  });

  test.each(Object.keys(stacks))("when %s lets it in, tries it again and gives up on it", async (stack) => {
    const { service, handle, clock } = gateway(stack);
    const seen: string[] = [];
    const ended = ["a", "b"].map((name) =>
      caller.run(name, () =>
        service.call(name).finally(() => {
          seen.push(`in ${caller.getStore()}`);
        }),
      ),
    );
    (await handle.nextRequest()).fail(transient());
    (await handle.nextRequest()).respond("done");
    await clock.advance(2_000);
    await Promise.allSettled(ended);
    expect(seen.sort()).toEqual(["in a", "in b"]);
  });

  test("functions of the layers run there too: of a recovery, a response, a filter, a second service", async () => {
    const seen: string[] = [];
    const note = <T>(value: T): T => {
      seen.push(`in ${caller.getStore()}`);
      return value;
    };
    const workshop = new Workshop();
    const service = stacked(
      [
        mapResponse((response: string) => note(response)),
        recover(
          (error: unknown): error is Error => error instanceof Error,
          () => note("recovered"),
        ),
        concurrencyLimit(1),
        filter(async () => note(true)),
        andThen(
          serviceFn(() => {
            note("second");
            throw new Error("recover me");
          }),
        ),
      ],
      workshop.service,
    );
    const answers = ["a", "b"].map((name) => caller.run(name, () => service.call(name)));
    for (let round = 0; round < 2; round++) {
      await new Promise(setImmediate);
      workshop.running[0]?.finish();
    }
    expect(await Promise.all(answers)).toEqual(["recovered", "recovered"]);
    expect(seen.sort()).toEqual([...Array<string>(4).fill("in a"), ...Array<string>(4).fill("in b")]);
  });

  test("a request id follows through lines, buffers and backoffs, and never another's", async () => {
    const clock = new VirtualClock();
    const workshop = new Workshop();
    let nextId = 0;
    const ids: string[] = [];
    const service = stacked(
      [
        trace({ clock, generateId: () => `id-${nextId++}` }),
        buffer({ capacity: 9 }),
        retry(again, { clock }),
        rateLimit({ limit: 1, interval: 5, clock }),
        concurrencyLimit(1),
        middleware("ids", (request: string, next, options) => {
          ids.push(`${request} is ${currentRequestId()}`);
          return next(request, options);
        }),
      ],
      workshop.service,
    );
    const answers = ["0", "1", "2"].map((name) => service.call(name));
    await clock.advanceAsync(10);
    workshop.running[0]?.fail(new Error("again"));
    for (let round = 0; round < 6; round++) {
      await clock.advanceAsync(20);
      workshop.running[0]?.finish();
    }
    await Promise.all(answers);
    expect(ids.sort()).toEqual(["0 is id-0", "0 is id-0", "1 is id-1", "2 is id-2"]);
  });

  test("a listener on a signal that a timeout aborts finds the id of its own request, whichever call armed the timer", async () => {
    const clock = new VirtualClock();
    let nextId = 0;
    const seen: string[] = [];
    const service = stacked(
      [trace({ clock, generateId: () => `id-${nextId++}` }), timeout({ call: 100, clock })],
      serviceFn(
        (request: string, { signal }) =>
          new Promise<string>((_resolve, reject) => {
            signal!.addEventListener("abort", () => {
              seen.push(`${request} is ${currentRequestId()}`);
              reject(signal!.reason);
            });
          }),
      ),
    );
    const first = service.call("0");
    await clock.advanceAsync(60);
    const settled = Promise.allSettled([first, service.call("1"), service.call("2", { deadline: 120 })]);
    await clock.advanceAsync(100);
    expect((await settled).map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    expect(seen).toEqual(["0 is id-0", "2 is id-2", "1 is id-1"]);
  });
});
