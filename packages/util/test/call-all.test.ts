import { AsyncLocalStorage } from "node:async_hooks";
import { gate, type Permit, Semaphore, Service, ServiceBuilder, serviceFn } from "@sluice/core";
import { mockService, VirtualClock } from "@sluice/testing";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { callAll } from "../src/index.ts";
import { deferred, stateOf, turn, unhandledIn } from "@sluice/test-kit";

/** Requests, and what is done with them. */
class Source implements AsyncIterable<number> {
  pulled = 0;
  closed = 0;
  failure: Error | undefined;
  /** What closing fails with. */
  closing: Error | undefined;
  private readonly count: number;

  constructor(count: number) {
    this.count = count;
  }

  [Symbol.asyncIterator](): AsyncIterator<number> {
    return {
      next: () => {
        if (this.failure !== undefined && this.pulled > 0) return Promise.reject(this.failure);
        if (this.pulled === this.count) return Promise.resolve({ done: true, value: undefined });
        return Promise.resolve({ done: false, value: ++this.pulled });
      },
      return: () => {
        this.closed++;
        if (this.closing !== undefined) return Promise.reject(this.closing);
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }
}

async function collect(responses: AsyncIterable<unknown>): Promise<{ seen: unknown[]; error: unknown }> {
  const seen: unknown[] = [];
  try {
    for await (const response of responses) seen.push(response);
  } catch (error) {
    return { seen, error };
  }
  return { seen, error: undefined };
}

/** The calls that are in flight, by their request. */
async function calls(handle: ReturnType<typeof mockService<number, string>>[1], count: number) {
  const taken = [];
  for (let i = 0; i < count; i++) taken.push(await handle.nextRequest());
  return taken;
}

const limitedTo = (max: number, service: Service<number, string>) => {
  const semaphore = new Semaphore(max);
  return { semaphore, service: new ServiceBuilder().layer(gate(semaphore, { name: "limit" })).service(service) };
};

test.each([
  ["an array", [1, 2, 3]],
  ["an iterable", new Set([1, 2, 3])],
  ["an async iterable", new Source(3)],
])("calls the service with each of %s", async (_what, requests) => {
  const service = serviceFn(async (n: number) => n * 2);
  expect(await collect(callAll(service, requests))).toEqual({ seen: [2, 4, 6], error: undefined });
});

test("nothing is pulled before somebody asks for a response", async () => {
  const requests = new Source(3);
  const responses = callAll(serviceFn(String), requests);
  await turn();
  expect(requests.pulled).toBe(0);
  await responses.return(undefined);
  expect(await responses.next()).toEqual({ done: true, value: undefined });
  expect([requests.pulled, requests.closed]).toEqual([0, 0]);
});

describe("order", () => {
  test.each([
    [undefined, ["1", "2", "3"]],
    [{ ordered: true }, ["1", "2", "3"]],
    [{ ordered: false }, ["3", "1", "2"]],
  ])("with %o", async (options, expected) => {
    const [service, handle] = mockService<number, string>();
    const all = collect(callAll(service, [1, 2, 3], options));
    const taken = await calls(handle, 3);
    for (const index of [2, 0, 1]) {
      taken[index]?.respond(String(index + 1));
      await turn();
    }
    expect(await all).toEqual({ seen: expected, error: undefined });
  });
});

describe("backpressure", () => {
  test("one request is pulled, and the next only when it was let in", async () => {
    const [inner, handle] = mockService<number, string>();
    const { service, semaphore } = limitedTo(2, inner);
    const requests = new Source(9);
    const all = collect(callAll(service, requests));
    await turn();
    expect([requests.pulled, handle.calls, semaphore.waiting]).toEqual([3, 2, 1]);
    (await handle.nextRequest()).respond("a");
    await turn();
    expect([requests.pulled, handle.calls]).toEqual([4, 3]);
    while (handle.calls < 9 || handle.active > 0) (await handle.nextRequest()).respond("a");
    expect((await all).seen).toHaveLength(9);
  });

  test("nothing is pulled while nobody asks, but whom the service lets in is called", async () => {
    const [inner, handle] = mockService<number, string>();
    const { service } = limitedTo(1, inner);
    const requests = new Source(9);
    const responses = callAll(service, requests);
    const first = responses.next();
    (await handle.nextRequest()).respond("a");
    expect(await first).toEqual({ done: false, value: "a" });
    await turn();
    expect([requests.pulled, handle.calls]).toEqual([2, 2]);
    (await handle.nextRequest()).respond("b");
    await turn();
    expect(requests.pulled).toBe(2);
    expect(await responses.next()).toEqual({ done: false, value: "b" });
    await turn();
    expect(requests.pulled).toBe(2);
    await responses.return(undefined);
    expect(requests.closed).toBe(1);
  });

  test("the permit is for the request", async () => {
    const asked: unknown[] = [];
    const policy = new Semaphore(9);
    const tryAcquire = policy.tryAcquire.bind(policy);
    policy.tryAcquire = (...args: [unknown?]) => {
      asked.push(args[0]);
      return tryAcquire();
    };
    const service = new ServiceBuilder().layer(gate(policy, { name: "keyed" })).serviceFn((n: number) => n);
    await collect(callAll(service, [7, 8]));
    expect(asked).toEqual([7, 8]);
  });
});

describe("maxAhead", () => {
  /** A service whose first call lasts until `release`; the others are answered in the same turn. */
  const slowFirst = (running = 4) => {
    const first = deferred<void>();
    const inner = serviceFn(async (n: number) => {
      if (n === 1) await first.promise;
      return String(n);
    });
    return { ...limitedTo(running, inner), release: () => first.resolve() };
  };

  test("the first answer is slow: the pulling stops, and goes on when it is there", async () => {
    const { service, release } = slowFirst();
    const requests = new Source(50_000);
    const all = collect(callAll(service, requests));
    for (let turns = 0; turns < 20; turns++) await turn();
    // Four times the most calls that ran at once wait for their turn, those that ran with them, and one in the line.
    expect(requests.pulled).toBeLessThanOrEqual(4 * 4 + 4 + 1);
    const before = requests.pulled;
    await turn();
    expect(requests.pulled).toBe(before);
    release();
    const { seen, error } = await all;
    expect(error).toBeUndefined();
    expect(seen).toEqual(Array.from({ length: 50_000 }, (_, index) => String(index + 1)));
  });

  test.each([1, 7, 100])("%d: so many answers may wait for their turn", async (maxAhead) => {
    const { service, semaphore, release } = slowFirst(2);
    const requests = new Source(1_000);
    const all = collect(callAll(service, requests, { maxAhead }));
    for (let turns = 0; turns < 10; turns++) await turn();
    // The first; those that wait; who ran and who stood in line when the last of these was answered.
    expect(requests.pulled).toBeGreaterThanOrEqual(1 + maxAhead);
    expect(requests.pulled).toBeLessThanOrEqual(1 + maxAhead + 2);
    expect([semaphore.active, semaphore.waiting]).toEqual([1, 0]);
    release();
    expect((await all).seen).toHaveLength(1_000);
  });

  test("Infinity: no bound", async () => {
    const { service, release } = slowFirst();
    const requests = new Source(900);
    const all = collect(callAll(service, requests, { maxAhead: Number.POSITIVE_INFINITY }));
    for (let turns = 0; turns < 10; turns++) await turn();
    expect(requests.pulled).toBe(900);
    release();
    expect((await all).seen).toHaveLength(900);
  });

  test("who stops early need not wait for the answer that holds all up", async () => {
    const { service, semaphore } = slowFirst();
    const requests = new Source(1_000);
    const responses = callAll(service, requests, { maxAhead: 1 });
    const asked = responses.next();
    await turn();
    expect(await responses.return(undefined)).toEqual({ done: true, value: undefined });
    expect(await asked).toEqual({ done: true, value: undefined });
    expect([requests.closed, semaphore.waiting]).toEqual([1, 0]);
  });

  test("the call that holds all up fails: what waits for its turn is yielded, then it is thrown", async () => {
    const [inner, handle] = mockService<number, string>();
    const { service } = limitedTo(2, inner);
    const requests = new Source(1_000);
    const all = collect(callAll(service, requests, { maxAhead: 2 }));
    const one = await handle.nextRequest();
    for (const answer of ["2", "3"]) (await handle.nextRequest()).respond(answer);
    await turn();
    expect([requests.pulled, handle.active]).toEqual([4, 2]);
    (await handle.nextRequest()).respond("4");
    await turn();
    expect([requests.pulled, handle.active]).toEqual([4, 1]);
    const error = new Error("one");
    one.fail(error);
    expect(await all).toEqual({ seen: ["2", "3", "4"], error });
  });

  test.each([true, false])(
    "ordered %o: a slow consumer leaves no more than what runs, and one in the line",
    async (ordered) => {
      const { service } = limitedTo(
        4,
        serviceFn(async (n: number) => String(n)),
      );
      const requests = new Source(1_000);
      let seen = 0;
      for await (const response of callAll(service, requests, { ordered })) {
        expect(response).toBe(String(++seen));
        await turn();
        expect(requests.pulled - seen).toBeLessThanOrEqual(4 + 1);
      }
      expect(seen).toBe(1_000);
    },
  );

  test("whatever the order of the answers and however slow the consumer, what is pulled and not yielded is bounded", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.integer({ min: 1, max: 4 }),
        fc.boolean(),
        fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
        async (scheduler, running, ordered, maxAhead) => {
          const { service } = limitedTo(
            running,
            serviceFn((n: number) => scheduler.schedule(Promise.resolve(String(n)))),
          );
          const requests = new Source(40);
          const options = ordered ? { ordered, maxAhead } : { ordered };
          const bound = (ordered ? (maxAhead ?? 4 * running) : 0) + running + 1;
          let most = 0;
          let seen = 0;
          const consume = async (): Promise<void> => {
            for await (const response of callAll(service, requests, options)) {
              expect(response).toBeTypeOf("string");
              most = Math.max(most, requests.pulled - seen++);
              await scheduler.schedule(Promise.resolve());
              most = Math.max(most, requests.pulled - seen);
            }
          };
          await scheduler.waitFor(consume());
          expect(seen).toBe(40);
          expect(most).toBeLessThanOrEqual(bound);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe("requests without an end leave the event loop its turns", () => {
  /** Requests that are there at once; but the test ends where nothing else gets a turn. */
  const endless = () => {
    const state = { pulled: 0, closed: false };
    const requests = (function* () {
      try {
        while (state.pulled < 20_000) yield ++state.pulled;
      } finally {
        state.closed = true;
      }
    })();
    return { state, requests };
  };

  test("a service that is always ready and takes its time: a thousand are pulled, and the next by way of the clock", async () => {
    const clock = new VirtualClock();
    const { state, requests } = endless();
    const service = serviceFn((_n: number) => new Promise<string>(() => {}));
    const responses = callAll(service, requests, { clock });
    const asked = responses.next();
    await turn();
    expect([state.pulled, clock.next]).toEqual([1_000, 0]);
    await clock.advance(0);
    await turn();
    expect([state.pulled, clock.next]).toEqual([2_000, 0]);
    await responses.return(undefined);
    await asked;
    // And nothing stays armed.
    expect([state.closed, clock.pending]).toEqual([true, 0]);
  });

  test("responses that are there meanwhile are yielded", async () => {
    const clock = new VirtualClock();
    const { requests } = endless();
    const answers: (() => void)[] = [];
    const service = serviceFn((n: number) => new Promise<number>((resolve) => answers.push(() => resolve(n))));
    const responses = callAll(service, requests, { ordered: false, clock });
    const asked = responses.next();
    await turn();
    answers[1]!();
    expect(await asked).toEqual({ done: false, value: 2 });
    await responses.return(undefined);
  });

  test.each([true, false])(
    "ordered %o: a service that answers at once, and a loop over its responses",
    async (ordered) => {
      const clock = new VirtualClock();
      const { state, requests } = endless();
      const responses = callAll(
        serviceFn((n: number) => n),
        requests,
        { ordered, clock },
      );
      const all = collect(responses);
      await turn();
      expect([state.pulled, clock.next]).toEqual([1_000, 0]);
      const ended = responses.return(undefined);
      expect((await all).seen).toHaveLength(1_000);
      await ended;
      expect([state.closed, clock.pending]).toEqual([true, 0]);
    },
  );

  test("a failure while the pulling waits for its turn: no more is pulled, though a call is still in flight", async () => {
    const clock = new VirtualClock();
    const { state, requests } = endless();
    const error = new Error("one");
    const [one, two] = [deferred<number>(), deferred<number>()];
    const service = serviceFn((n: number) => (n === 1 ? one.promise : n === 2 ? two.promise : n));
    const all = collect(callAll(service, requests, { maxAhead: Number.POSITIVE_INFINITY, clock }));
    await turn();
    one.reject(error);
    await turn();
    await clock.advance(0);
    await turn();
    expect([state.pulled, state.closed]).toEqual([1_000, false]);
    two.resolve(2);
    const { seen, error: thrown } = await all;
    expect([seen.length, thrown, state.closed, clock.pending]).toEqual([999, error, true, 0]);
  });

  test("a failure while the pulling waits for its turn is thrown without it", async () => {
    const clock = new VirtualClock();
    const { state, requests } = endless();
    const error = new Error("one");
    let fail = (): void => {};
    const service = serviceFn((n: number) =>
      n === 1 ? new Promise<number>((_resolve, reject) => (fail = () => reject(error))) : n,
    );
    const all = collect(callAll(service, requests, { maxAhead: Number.POSITIVE_INFINITY, clock }));
    await turn();
    expect([state.pulled, clock.pending]).toEqual([1_000, 1]);
    fail();
    expect((await all).error).toBe(error);
    expect([state.closed, clock.pending]).toEqual([true, 0]);
  });

  test("the process's own timers get their turn", async () => {
    const { state, requests } = endless();
    let stopped = false;
    setTimeout(() => {
      stopped = true;
    }, 0);
    for await (const response of callAll(serviceFn(String), requests)) {
      expect(response).toBe(String(state.pulled));
      if (stopped) break;
    }
    expect([stopped, state.closed]).toEqual([true, true]);
    expect(state.pulled).toBeLessThan(20_000);
  });
});

describe("the first failure", () => {
  test.each([
    [{ ordered: true }, ["1", "3"]],
    [{ ordered: false }, ["3", "1"]],
  ])("of a call stops the pulling; what is in flight is yielded, then it is thrown: %o", async (options, expected) => {
    const [inner, handle] = mockService<number, string>();
    const { service, semaphore } = limitedTo(3, inner);
    const requests = new Source(9);
    const all = collect(callAll(service, requests, options));
    const [one, two, three] = await calls(handle, 3);
    const error = new Error("two");
    two?.fail(error);
    await turn();
    // The fourth was pulled, and has left the line.
    expect([requests.pulled, semaphore.waiting, handle.calls]).toEqual([4, 0, 3]);
    expect(one?.options.signal?.aborted).toBe(false);
    three?.respond("3");
    await turn();
    one?.respond("1");
    const { seen, error: thrown } = await all;
    expect(seen).toEqual(expected);
    expect(thrown).toBe(error);
    expect([requests.pulled, requests.closed, semaphore.active]).toEqual([4, 1, 0]);
  });

  test("is the one that is thrown, whatever fails after it", async () => {
    const [service, handle] = mockService<number, string>();
    const requests = new Source(3);
    requests.closing = new Error("closing");
    const all = collect(callAll(service, requests));
    const taken = await calls(handle, 2);
    const first = new Error("second request");
    taken[1]?.fail(first);
    await turn();
    taken[0]?.fail(new Error("first request"));
    for (const late of await calls(handle, handle.active)) late.fail(new Error("late"));
    expect((await all).error).toBe(first);
  });

  test("of readiness stops the pulling", async () => {
    const [service, handle] = mockService<number, string>();
    const requests = new Source(9);
    handle.allow(1);
    const all = collect(callAll(service, requests));
    const { respond } = await handle.nextRequest();
    await turn();
    const error = new Error("closed");
    handle.sendFailure(error);
    await turn();
    respond("1");
    expect(await all).toEqual({ seen: ["1"], error });
    expect([requests.pulled, requests.closed]).toEqual([2, 1]);
  });

  test("of the requests is thrown when what is in flight is yielded, and they are not closed", async () => {
    const [service, handle] = mockService<number, string>();
    const requests = new Source(9);
    requests.failure = new Error("no more");
    const all = collect(callAll(service, requests));
    const { respond } = await handle.nextRequest();
    await turn();
    respond("1");
    expect(await all).toEqual({ seen: ["1"], error: requests.failure });
    expect(requests.closed).toBe(0);
  });

  test("may come while a request is being pulled, which is then not called", async () => {
    const [service, handle] = mockService<number, string>();
    const late = deferred<number>();
    const told: string[] = [];
    const requests = (async function* () {
      try {
        yield 1;
        told.push("asked");
        yield await late.promise;
      } finally {
        told.push("closed");
      }
    })();
    const all = collect(callAll(service, requests));
    const error = new Error("one");
    const { fail } = await handle.nextRequest();
    await turn();
    expect(told).toEqual(["asked"]);
    fail(error);
    expect(await all).toEqual({ seen: [], error });
    late.resolve(2);
    await turn();
    expect(told).toEqual(["asked", "closed"]);
    expect([handle.calls, handle.released]).toEqual([1, 0]);
  });

  test("leaves the line at once, though calls are still in flight", async () => {
    const [service, handle] = mockService<number, string>();
    handle.allow(2);
    const all = collect(callAll(service, new Source(9)));
    const [one, two] = await calls(handle, 2);
    await turn();
    expect(handle.waiting).toBe(1);
    const error = new Error("one");
    one?.fail(error);
    await turn();
    expect([handle.waiting, handle.active]).toEqual([0, 1]);
    two?.respond("2");
    expect(await all).toEqual({ seen: ["2"], error });
  });

  test("may be that of a permit of another's making which throws instead of rejecting", async () => {
    const rude: Permit<number, string> = {
      call() {
        throw new Error("no 2");
      },
      release() {},
      [Symbol.dispose]() {},
    };
    class Rude extends Service<number, string> {
      override tryReady(request?: number): Permit<number, string> {
        return request === 2 ? rude : serviceFn(String).tryReady(request)!;
      }
      override ready({ request }: { request?: number | undefined }): Promise<Permit<number, string>> {
        return Promise.resolve(this.tryReady(request));
      }
    }
    const requests = new Source(9);
    const collected = collect(callAll(new Rude(), requests));
    expect(await stateOf(collected)).toBe("fulfilled");
    expect(await collected).toEqual({ seen: ["1"], error: new Error("no 2") });
    expect(requests.closed).toBe(1);
  });

  test("may come when all has been pulled", async () => {
    const [service, handle] = mockService<number, string>();
    const all = collect(callAll(service, [1, 2]));
    const [one, two] = await calls(handle, 2);
    await turn();
    const error = new Error("one");
    one?.fail(error);
    two?.respond("2");
    expect(await all).toEqual({ seen: ["2"], error });
  });
});

describe("who stops early", () => {
  test("promise 3: closes the requests, leaves the line, and tells what is in flight", async () => {
    const [inner, handle] = mockService<number, string>();
    const { service, semaphore } = limitedTo(2, inner);
    const requests = new Source(9);
    const responses = callAll(service, requests);
    const first = responses.next();
    const [one, two] = await calls(handle, 2);
    one?.respond("1");
    await first;
    await turn();
    // The third was let in meanwhile; the second is still at work.
    expect(handle.calls).toBe(3);
    await responses.return(undefined);
    const three = await handle.nextRequest();
    expect([one, two, three].map((call) => call?.options.signal?.aborted)).toEqual([false, true, true]);
    expect([requests.closed, semaphore.waiting]).toEqual([1, 0]);
    two?.fail(new Error("ignored"));
    three.respond("3");
    await turn();
    expect(semaphore.active).toBe(0);
    expect(await responses.next()).toEqual({ done: true, value: undefined });
  });

  test("need not wait for the response that was asked for", async () => {
    const [service, handle] = mockService<number, string>();
    handle.allow(0);
    const requests = new Source(9);
    const responses = callAll(service, requests);
    const asked = responses.next();
    await turn();
    expect(handle.waiting).toBe(1);
    expect(await responses.return(undefined)).toEqual({ done: true, value: undefined });
    expect(await asked).toEqual({ done: true, value: undefined });
    expect([handle.waiting, handle.reserved, requests.closed]).toEqual([0, 0, 1]);
  });

  test("promise 3: a permit that was granted in the same turn is given back", async () => {
    const [service, handle] = mockService<number, string>();
    handle.allow(0);
    const responses = callAll(service, [1]);
    const asked = responses.next();
    await turn();
    handle.allow(1);
    const returned = responses.return(undefined);
    await Promise.all([asked, returned]);
    await turn();
    expect([handle.calls, handle.reserved, handle.released]).toEqual([0, 0, 1]);
  });

  test("promise 3: gives back a permit of a service that does not look at the signal", async () => {
    const granted = deferred<Permit<number, string>>();
    const told: string[] = [];
    class Careless extends Service<number, string> {
      override tryReady(): undefined {}
      override ready(): Promise<Permit<number, string>> {
        return granted.promise;
      }
    }
    const responses = callAll(new Careless(), [1]);
    const asked = responses.next();
    await turn();
    await responses.return(undefined);
    granted.resolve({
      call: () => {
        told.push("called");
        return Promise.resolve("late");
      },
      release: () => {
        told.push("released");
      },
      [Symbol.dispose]() {},
    });
    await asked;
    await turn();
    expect(told).toEqual(["released"]);
  });

  test("by leaving a loop", async () => {
    const requests = new Source(9);
    for await (const response of callAll(serviceFn(String), requests)) {
      if (response === "2") break;
    }
    expect(requests.closed).toBe(1);
  });

  test("learns that the requests could not be closed", async () => {
    const requests = new Source(9);
    requests.closing = new Error("closing");
    const responses = callAll(serviceFn(String), requests);
    await responses.next();
    await expect(responses.return(undefined)).rejects.toBe(requests.closing);
  });

  test("does not wait for requests that never answer, nor is told that they could not be closed", async () => {
    const requests: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return: () => Promise.reject(new Error("closing")),
      }),
    };
    expect(
      await unhandledIn(async () => {
        const responses = callAll(serviceFn(String), requests);
        const asked = responses.next();
        await turn();
        await responses.return(undefined);
        await asked;
      }),
    ).toEqual([]);
  });
});

test("requests that cannot be closed need not be", async () => {
  const requests: Iterable<number> = { [Symbol.iterator]: () => ({ next: () => ({ done: false, value: 1 }) }) };
  const responses = callAll(serviceFn(String), requests);
  await responses.next();
  expect(await responses.return(undefined)).toEqual({ done: true, value: undefined });
});

test("promise 8: the calls run in the context of who asks for responses", async () => {
  const storage = new AsyncLocalStorage<string>();
  const semaphore = new Semaphore(1);
  const service = new ServiceBuilder()
    .layer(gate(semaphore, { name: "limit" }))
    .serviceFn(async (_n: number) => storage.getStore());
  const { seen } = await storage.run("asker", () => collect(callAll(service, [1, 2, 3])));
  expect(seen).toEqual(["asker", "asker", "asker"]);
});

test("whatever the interleaving: each response once, in order if asked for, never more at work than let in", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.integer({ min: 0, max: 12 }),
      fc.integer({ min: 1, max: 4 }),
      fc.boolean(),
      fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
      async (scheduler, count, max, ordered, failing) => {
        const semaphore = new Semaphore(max);
        const error = new Error("failing");
        let running = 0;
        const service = new ServiceBuilder().layer(gate(semaphore, { name: "limit" })).serviceFn(async (n: number) => {
          expect(++running).toBeLessThanOrEqual(max);
          await scheduler.schedule(Promise.resolve());
          running--;
          if (n === failing) throw error;
          return n;
        });
        const requests = new Source(count);
        const all = collect(callAll(service, requests, { ordered }));
        await scheduler.waitFor(all);
        const { seen, error: thrown } = await all;
        const numbers = seen as number[];
        const sorted = [...numbers].sort((a, b) => a - b);
        expect(ordered ? numbers : sorted).toEqual(sorted);
        expect(new Set(numbers).size).toBe(numbers.length);
        const fails = failing !== undefined && failing <= count;
        expect(thrown).toBe(fails ? error : undefined);
        // All those before the one that failed were in flight, or had been answered.
        const sure = fails ? failing - 1 : count;
        expect(sorted.slice(0, sure)).toEqual(Array.from({ length: sure }, (_, index) => index + 1));
        expect(numbers.length).toBeLessThanOrEqual(fails ? count - 1 : count);
        expect([semaphore.active, semaphore.waiting, running]).toEqual([0, 0, 0]);
      },
    ),
    { numRuns: 200 },
  );
});

test("promise 14: bad options are refused at once", () => {
  const service = serviceFn(String);
  expect(() => callAll({} as never, [])).toThrow(/^callAll: service must be a service .* received an object$/);
  for (const [requests, shown] of [
    [5, "5"],
    [null, "null"],
    [undefined, "undefined"],
    [{}, "an object"],
  ] as const) {
    expect(() => callAll(service, requests as never)).toThrow(
      new TypeError(`callAll: requests must be iterable; received ${shown}`),
    );
  }
  expect(() => callAll(service, [], { ordered: "no" as never })).toThrow(
    new TypeError('callAll: ordered must be true or false; received "no"'),
  );
  expect(() => callAll(service, [], 1 as never)).toThrow(TypeError);
  expect(() => callAll(service, [], { maxAhead: 0 })).toThrow(
    new RangeError("callAll: maxAhead must be a whole number of 1 or more, or Infinity; received 0"),
  );
  expect(() => callAll(service, [], { maxAhead: "5" as never })).toThrow(TypeError);
  expect(() => callAll(service, [], { clock: {} as never })).toThrow(
    /^callAll: clock must be a clock .* received an object$/,
  );
  expect(() => callAll(service, [], { ordered: false, maxAhead: 5 })).toThrow(
    new TypeError("callAll: maxAhead must be left out where ordered is false; received 5"),
  );
});
