import { AsyncLocalStorage } from "node:async_hooks";
import {
  events,
  gate,
  type LayerEvent,
  type Lease,
  OverloadedError,
  type ReadyOptions,
  refuse,
  Semaphore,
  ServiceBuilder,
} from "@sluice/core";
import { Line } from "@sluice/core/kit";
import { deferred, turn, unhandledIn } from "@sluice/test-kit";
import { mockService, VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import {
  AdaptiveLimit,
  adaptiveLimit,
  type AdaptiveLimitOptions,
  aimd,
  type Classification,
  type LimitSample,
  vegas,
} from "../src/index.ts";
import { SampleWindow } from "../src/sample-window.ts";
import { recorded, Recorder } from "./helper/steps.ts";

class TimeoutError extends Error {
  override readonly name = "TimeoutError";
}

/** Lets everything settle that can. */
const settle = (): Promise<void> => new VirtualClock().advance(0);

/** All that is announced while `run` runs. */
async function announcedIn(run: () => Promise<unknown>): Promise<readonly LayerEvent[]> {
  const heard: LayerEvent[] = [];
  const subscription = events.subscribe((event) => heard.push(event));
  await run();
  subscription[Symbol.dispose]();
  return heard;
}

describe("promise 1: the limit is within its bounds, and takes nothing from those who hold", () => {
  test("it is rounded down, and whoever waits is served when it goes up", async () => {
    const { limit, service, handle, algorithm } = recorded({}, new Recorder(1.9));
    expect(limit.limit).toBe(1);
    const first = service.call("a");
    const second = service.call("b");
    const third = service.call("c");
    expect(limit).toMatchObject({ active: 1, waiting: 2, available: 0 });
    Object.assign(algorithm, { limit: 2.5 });
    (await handle.nextRequest()).respond("A");
    expect(await first).toBe("A");
    expect(limit).toMatchObject({ limit: 2, active: 2, waiting: 0 });
    for (const call of [await handle.nextRequest(), await handle.nextRequest()]) call.respond("X");
    expect(await Promise.all([second, third])).toEqual(["X", "X"]);
  });

  test("when it goes down nobody is let in until enough have left", async () => {
    const { limit, service, handle, algorithm } = recorded({}, new Recorder(3));
    const calls = ["a", "b", "c", "d"].map((request) => service.call(request));
    Object.assign(algorithm, { limit: 1 });
    (await handle.nextRequest()).respond("A");
    await settle();
    // Not even with the slot of the call that brought it down.
    expect(limit).toMatchObject({ limit: 1, active: 2, waiting: 1, available: 0 });
    for (const call of [await handle.nextRequest(), await handle.nextRequest()]) call.respond("X");
    (await handle.nextRequest()).respond("D");
    expect(await Promise.all(calls)).toEqual(["A", "X", "X", "D"]);
  });
});

describe("promise 2: at most one step down a window", () => {
  test("a hundred calls that are dropped together are one step", async () => {
    const clock = new VirtualClock();
    const limit = adaptiveLimit(aimd({ initial: 100 }), { clock });
    const service = limit.wrap(new ServiceBuilder().serviceFn(() => Promise.reject(new OverloadedError("server"))));
    const drop = () => Promise.allSettled(Array.from({ length: 100 }, () => service.call(undefined)));
    await drop();
    await clock.advance(1_000);
    // The window ends with the next call that ends.
    await drop();
    expect(limit.limit).toBe(90);
    await clock.advance(999);
    await drop();
    expect(limit.limit).toBe(90);
    await clock.advance(1);
    await drop();
    expect(limit.limit).toBe(81);
  });

  test("a window is of so many calls, however long that takes", async () => {
    const algorithm = new Recorder();
    const { clock, service, handle, samples } = recorded({ window: { time: 10, samples: 3 } }, algorithm);
    for (const ms of [20, 40, 60]) {
      expect(samples).toEqual([]);
      const answer = service.call("a");
      await clock.advance(ms);
      (await handle.nextRequest()).respond("A");
      await answer;
    }
    // Of 20, 40 and 60 the variance is 400, and of their mean a third of that.
    const [sample] = samples;
    expect(sample).toMatchObject({ rtt: 40, inflight: 1, dropped: false, count: 3 });
    expect(sample?.error).toBeCloseTo(Math.sqrt(400 / 3));
  });
});

describe("promise 3: no step up while less than half of the limit was in use", () => {
  test("whatever the algorithm says", async () => {
    const { limit, service, handle, algorithm } = recorded({}, new Recorder(3));
    Object.assign(algorithm, { limit: 50 });
    const one = service.call("a");
    (await handle.nextRequest()).respond("A");
    await one;
    expect(limit.limit).toBe(3);
    const two = [service.call("a"), service.call("b")];
    const [first, second] = [await handle.nextRequest(), await handle.nextRequest()];
    second.respond("B");
    await two[1];
    expect(limit.limit).toBe(50);
    first.respond("A");
    await two[0];
  });
});

test("promise 3: half of it is enough", async () => {
  const { limit, service, handle, algorithm } = recorded({}, new Recorder(4));
  Object.assign(algorithm, { limit: 5 });
  const calls = [service.call("a"), service.call("b")];
  const [first, second] = [await handle.nextRequest(), await handle.nextRequest()];
  second.respond("B");
  await calls[1];
  expect(limit.limit).toBe(5);
  first.respond("A");
  await calls[0];
});

describe("promise 4: a sample is from the start of the call to the settling of its work", () => {
  test("neither a permit in hand nor a wait in line is any of it", async () => {
    const { clock, service, handle, samples } = recorded({}, new Recorder(1));
    const permit = await service.ready();
    const waiting = service.call("b");
    await clock.advance(1_000);
    const answer = permit.call("a");
    await clock.advance(30);
    (await handle.nextRequest()).respond("A");
    await answer;
    await clock.advance(50);
    (await handle.nextRequest()).respond("B");
    await waiting;
    expect(samples.map(({ rtt }) => rtt)).toEqual([30, 50]);
  });

  test("work that goes on after the answer is, and so is a body that `until` waits for", async () => {
    const body = deferred();
    const { clock, service, handle, samples, limit } = recorded({ until: () => body.promise });
    const answer = service.call("a");
    const { options, respond } = await handle.nextRequest();
    const work = deferred();
    options.waitUntil?.(work.promise);
    respond("A");
    await answer;
    await clock.advance(70);
    work.resolve();
    await settle();
    expect(limit.active).toBe(1);
    await clock.advance(30);
    body.resolve();
    await settle();
    expect(samples).toMatchObject([{ rtt: 100, dropped: false }]);
    expect(limit.active).toBe(0);
  });

  test("a call knows how many were in flight when it started, and reserved permits are not", async () => {
    const { service, handle, samples } = recorded();
    const permit = service.tryReady("x");
    const calls = ["a", "b", "c"].map((request) => service.call(request));
    for (let call = 0; call < 3; call++) (await handle.nextRequest()).respond("X");
    await Promise.all(calls);
    expect(samples.map(({ inflight }) => inflight)).toEqual([1, 2, 3]);
    permit?.release();
  });

  test("a clock that is set back makes no negative round trip", async () => {
    const { clock, service, handle, samples } = recorded();
    const answer = service.call("a");
    clock.jump(-500);
    await clock.advance(20);
    (await handle.nextRequest()).respond("A");
    await answer;
    expect(samples[0]?.rtt).toBeGreaterThanOrEqual(0);
  });
});

describe("promise 5: what is no sample", () => {
  test("a call whose caller gave up", async () => {
    const { service, handle, samples, limit } = recorded();
    const controller = new AbortController();
    const answer = service.call("a", { signal: controller.signal });
    const call = await handle.nextRequest();
    controller.abort(new Error("enough"));
    call.fail(controller.signal.reason);
    await expect(answer).rejects.toThrow("enough");
    const late = service.call("b", { signal: new AbortController().signal });
    (await handle.nextRequest()).respond("B");
    await late;
    expect(samples).toMatchObject([{ inflight: 1 }]);
    expect(limit.active).toBe(0);
  });

  test("a permit that is released, and a lease that a gate around it cancels after its start", async () => {
    const algorithm = new Recorder();
    const limit = new AdaptiveLimit(algorithm, { window: false });
    const service = new ServiceBuilder().layer(gate(limit, { name: "host" })).serviceFn(() => "ok");
    service.tryReady()?.release();
    const lease = limit.admitted(await limit.acquire());
    lease.start?.(undefined, {});
    lease.cancel();
    expect(limit.active).toBe(0);
    expect(algorithm.samples).toEqual([]);
    await service.call(undefined);
    // The lease that was cancelled is not in flight any more.
    expect(algorithm.samples).toMatchObject([{ inflight: 1 }]);
  });

  test("a failure, which says nothing of how long a call takes", async () => {
    const { service, handle, samples } = recorded();
    const answer = service.call("a");
    (await handle.nextRequest()).fail(new Error("no"));
    await expect(answer).rejects.toThrow("no");
    expect(samples).toEqual([]);
  });

  test.each(["circuit", "closed"])("a refusal for the reason %s, which says nothing of capacity", async (reason) => {
    const { service, handle, samples } = recorded();
    const answer = service.call("a");
    (await handle.nextRequest()).fail(new OverloadedError("breaker", { reason }));
    await expect(answer).rejects.toThrow(OverloadedError);
    expect(samples).toEqual([]);
  });
});

describe("what is dropped", () => {
  test.each([
    ["a refusal", new OverloadedError("server")],
    ["a refusal by a rate", new OverloadedError("server", { reason: "rate" })],
    ["a timeout", new TimeoutError()],
    ["a timeout of AbortSignal.timeout", new DOMException("late", "TimeoutError")],
  ])("%s", async (_what, error) => {
    const { service, handle, samples } = recorded();
    const answer = service.call("a");
    (await handle.nextRequest()).fail(error);
    await expect(answer).rejects.toBe(error);
    expect(samples).toMatchObject([{ dropped: true, count: 1 }]);
  });

  test("a call that a layer further in refuses at the last moment", async () => {
    const algorithm = new Recorder();
    const limit = adaptiveLimit(algorithm, { window: false });
    let full = true;
    const picky = {
      tryAcquire: () => ({
        cancel() {},
        finish() {},
        start() {
          if (full) throw new OverloadedError("picky");
        },
      }),
      acquire: () => Promise.reject(new Error("never asked")),
    };
    const service = new ServiceBuilder()
      .layer(limit)
      .layer(gate(picky, { name: "picky" }))
      .serviceFn(() => "ok");
    await expect(service.call(undefined)).rejects.toThrow(OverloadedError);
    full = false;
    await service.call(undefined);
    expect(algorithm.samples).toMatchObject([
      { dropped: true, inflight: 1 },
      { dropped: false, inflight: 1 },
    ]);
    expect(limit.active).toBe(0);
  });

  test.each([undefined, null, 5, "TimeoutError"])("not whatever else is thrown: %s", async (odd) => {
    const { service, handle, samples } = recorded();
    const answer = service.call("a");
    (await handle.nextRequest()).fail(odd);
    await expect(answer).rejects.toBe(odd);
    expect(samples).toEqual([]);
  });

  test("a call that a timeout further out gave up on, however it ends", async () => {
    const { service, handle, samples } = recorded();
    const controller = new AbortController();
    const answer = service.call("a", { signal: controller.signal });
    const call = await handle.nextRequest();
    controller.abort(new TimeoutError());
    call.respond("late");
    await answer;
    expect(samples).toMatchObject([{ dropped: true }]);
  });

  test("a timeout further in is one at once, and not when its work has ended, which may be never", async () => {
    const { clock, service, handle, samples, limit } = recorded();
    const answer = service.call("a");
    const { options, fail } = await handle.nextRequest();
    options.waitUntil?.(new Promise(() => {}));
    await clock.advance(200);
    fail(new TimeoutError());
    await expect(answer).rejects.toThrow(TimeoutError);
    expect(samples).toMatchObject([{ dropped: true, rtt: 200 }]);
    // The slot is held all the same.
    expect(limit.active).toBe(1);
  });
});

describe("classify", () => {
  test("is asked once for each answer, with what is known of the call, in the caller's async context", async () => {
    const storage = new AsyncLocalStorage<string>();
    const asked: unknown[] = [];
    const { service, handle, samples } = recorded({
      classify: (outcome, call) => {
        asked.push([outcome.status, call, storage.getStore()]);
        return outcome.status === "fulfilled" && outcome.value === "503" ? "dropped" : "success";
      },
    });
    const controller = new AbortController();
    const one = storage.run("ann", () => service.call("a"));
    const two = storage.run("bob", () => service.call("b", { signal: controller.signal }));
    (await handle.nextRequest()).respond("503");
    controller.abort();
    (await handle.nextRequest()).respond("200");
    await Promise.all([one, two]);
    expect(asked).toEqual([
      ["fulfilled", { request: "a", elapsed: 0, aborted: false }, "ann"],
      ["fulfilled", { request: "b", elapsed: 0, aborted: true }, "bob"],
    ]);
    expect(samples.map(({ dropped }) => dropped)).toEqual([true, false]);
  });

  test.each<readonly [string, () => unknown]>([
    [
      "throws",
      () => {
        throw new Error("boom");
      },
    ],
    ["answers with something else", () => "fine"],
    ["answers with a promise", () => Promise.resolve("dropped")],
  ])("where it %s that is reported, and the default counts", async (_how, classify) => {
    const { service, handle, samples, limit } = recorded({ classify: classify as () => Classification });
    const reported = await unhandledIn(async () => {
      const answer = service.call("a");
      (await handle.nextRequest()).respond("A");
      expect(await answer).toBe("A");
    });
    expect(reported).toHaveLength(1);
    expect(samples.map(({ dropped }) => dropped)).toEqual([false]);
    expect(limit.active).toBe(0);
  });

  test("the report of an odd answer says which layer got it, what there is to answer, and what came", async () => {
    const { service, handle } = recorded({ classify: () => "fine" as never });
    const [reported] = await unhandledIn(async () => {
      const answer = service.call("a");
      (await handle.nextRequest()).respond("A");
      await answer;
    });
    expect(String(reported)).toBe(
      'RangeError: adaptiveLimit: what classify returns must be one of "success", "dropped", "ignore"; received "fine"',
    );
  });

  test("is told how long the answer took", async () => {
    const asked: number[] = [];
    const { clock, service, handle } = recorded({
      classify: (_outcome, { elapsed }) => {
        asked.push(elapsed);
        return undefined;
      },
    });
    await clock.advance(30);
    const answer = service.call("a");
    await clock.advance(70);
    (await handle.nextRequest()).respond("A");
    await answer;
    expect(asked).toEqual([70]);
  });

  test("where it says nothing the default counts", async () => {
    const { service, handle, samples } = recorded({ classify: () => undefined });
    const answers = ["a", "b", "c"].map((request) => service.call(request).catch(() => {}));
    (await handle.nextRequest()).respond("A");
    (await handle.nextRequest()).fail(new Error("not found"));
    (await handle.nextRequest()).fail(new OverloadedError("backend"));
    await Promise.all(answers);
    expect(samples.map(({ dropped }) => dropped)).toEqual([false, true]);
  });
});

describe("promise 6: line, order and abort are the semaphore's", () => {
  test("in the microtask after a grant no newcomer is served", async () => {
    const { service, handle, algorithm, limit } = recorded({}, new Recorder(1));
    const first = service.call("a");
    const second = service.call("b");
    Object.assign(algorithm, { limit: 5 });
    (await handle.nextRequest()).respond("A");
    const order: string[] = [];
    void first.then(() => order.push("a has its answer"));
    for (let hop = 0; hop < 20 && limit.waiting > 0; hop++) await Promise.resolve();
    // The second has been granted, and has not moved on.
    expect(service.tryReady("c")).toBeUndefined();
    await settle();
    expect((await handle.nextRequest()).request).toBe("b");
    expect(service.tryReady("c")).toBeDefined();
    void second;
  });

  test("an aborted waiter leaves the line at once, with its own reason", async () => {
    const { service, limit } = recorded({}, new Recorder(1));
    service.tryReady();
    const controller = new AbortController();
    const waiting = service.ready({ signal: controller.signal });
    expect(limit.waiting).toBe(1);
    const reason = new Error("enough");
    controller.abort(reason);
    expect(limit.waiting).toBe(0);
    await expect(waiting).rejects.toBe(reason);
  });

  test("a line of one's own decides who is served", async () => {
    /** The newest first. */
    class Stack extends Line<Lease, string> {
      override grant(lease: Lease): void {
        super.grant(lease, this.last);
      }
    }
    const { service, handle } = recorded({ line: (serve) => new Stack(serve) }, new Recorder(1));
    const calls = ["a", "b", "c"].map((request) => service.call(request));
    const order: string[] = [];
    for (let call = 0; call < 3; call++) {
      const { request, respond } = await handle.nextRequest();
      order.push(request);
      respond(request);
    }
    await Promise.all(calls);
    expect(order).toEqual(["a", "c", "b"]);
  });

  test("a line of one's own is heard when it says that somebody may be served", async () => {
    const { service, handle, algorithm, limit } = recorded({ line: (serve) => new Line(serve) }, new Recorder(1));
    const first = service.call("a");
    const second = service.call("b");
    Object.assign(algorithm, { limit: 5 });
    (await handle.nextRequest()).respond("A");
    for (let hop = 0; hop < 20 && limit.waiting > 0; hop++) await Promise.resolve();
    // The second has been granted, and has not moved on: there is room for a third one, who must wait until it has.
    const third = service.call("c");
    expect(limit.waiting).toBe(1);
    await settle();
    expect(limit).toMatchObject({ waiting: 0, active: 2 });
    for (let call = 0; call < 2; call++) (await handle.nextRequest()).respond("X");
    expect(await Promise.all([first, second, third])).toEqual(["A", "X", "X"]);
  });
});

describe("promise 7: idle, nothing changes", () => {
  test("no timer is armed, with callers in line neither, and time alone moves nothing", async () => {
    const clock = new VirtualClock();
    const limit = adaptiveLimit(vegas(), { clock });
    const [inner, handle] = mockService<string, string>();
    const service = limit.wrap(inner);
    const calls = Array.from({ length: 30 }, () => service.call("a"));
    expect(limit.waiting).toBe(10);
    expect(clock.pending).toBe(0);
    for (let call = 0; call < 30; call++) (await handle.nextRequest()).respond("A");
    await Promise.all(calls);
    const before = JSON.stringify(limit);
    await clock.advance(1e9);
    expect(JSON.stringify(limit)).toBe(before);
    expect(clock.pending).toBe(0);
  });

  test("a gate may be forgotten once it is idle and has learned nothing for 60 windows", async () => {
    const clock = new VirtualClock();
    const algorithm = new Recorder(1);
    const limit = new AdaptiveLimit(algorithm, { window: { time: 100, samples: 1 }, clock });
    const [inner, handle] = mockService<string, string>();
    const service = new ServiceBuilder().layer(gate(limit, { name: "host" })).service(inner);
    expect(limit.idle).toBe(true);
    const permit = service.tryReady("a");
    expect(limit.idle).toBe(false);
    permit?.release();
    expect(limit.idle).toBe(true);
    const answer = service.call("a");
    (await handle.nextRequest()).respond("A");
    await answer;
    await clock.advance(5_999);
    expect(limit.idle).toBe(false);
    await clock.advance(1);
    expect(limit.idle).toBe(true);
    const waiting = [service.call("a"), service.call("b")];
    expect(limit.idle).toBe(false);
    for (let call = 0; call < 2; call++) (await handle.nextRequest()).respond("A");
    await Promise.all(waiting);
  });
});

test("promise 7: without windows, it may be forgotten after as long as 60 windows of the default take", async () => {
  const clock = new VirtualClock();
  const limit = new AdaptiveLimit(new Recorder(1), { window: false, clock });
  const service = new ServiceBuilder().layer(gate(limit, { name: "host" })).serviceFn(() => "ok");
  await service.call(undefined);
  await clock.advance(59_999);
  expect(limit.idle).toBe(false);
  await clock.advance(1);
  expect(limit.idle).toBe(true);
});

describe("promise 8: an algorithm of anyone's own", () => {
  test.each<readonly [string, unknown, number]>([
    ["NaN", Number.NaN, 5],
    ["nothing", undefined, 5],
    ["text", "7", 5],
    ["less than its least", 1, 2],
    ["more than its most", 1_000, 8],
    ["less than nothing", Number.NEGATIVE_INFINITY, 2],
  ])("that answers with %s is held within its bounds, which is reported once", async (_what, answers, held) => {
    const algorithm = new Recorder(5, { min: 2, max: 8 });
    const { service, handle, limit } = recorded({}, algorithm);
    Object.assign(algorithm, { limit: answers });
    const reported = await unhandledIn(async () => {
      for (let call = 0; call < 3; call++) {
        const calls = Array.from({ length: 5 }, () => service.call("a"));
        for (let nth = 0; nth < 5; nth++) (await handle.nextRequest()).respond("A");
        await Promise.all(calls);
        expect(limit.limit).toBe(held);
      }
    });
    expect(reported).toHaveLength(1);
    expect(String(reported[0])).toContain("adaptiveLimit: what sample returns must be");
    expect(limit.active).toBe(0);
  });

  test("that throws leaves the limit as it is", async () => {
    const boom = new Error("boom");
    const algorithm = Object.assign(new Recorder(5), {
      sample() {
        throw boom;
      },
    });
    const { service, handle, limit } = recorded({}, algorithm);
    const reported = await unhandledIn(async () => {
      for (let call = 0; call < 2; call++) {
        const answer = service.call("a");
        (await handle.nextRequest()).respond("A");
        expect(await answer).toBe("A");
      }
    });
    expect(reported).toEqual([boom]);
    expect(limit).toMatchObject({ limit: 5, active: 0 });
  });

  test("without an upper bound may answer with Infinity", async () => {
    const { service, handle, limit, algorithm } = recorded({}, new Recorder(2));
    Object.assign(algorithm, { limit: Number.POSITIVE_INFINITY });
    const reported = await unhandledIn(async () => {
      const answer = service.call("a");
      (await handle.nextRequest()).respond("A");
      await answer;
    });
    expect(reported).toEqual([]);
    expect(limit.limit).toBe(Number.POSITIVE_INFINITY);
  });

  test("is that of one limit: a second one is refused, for it has a state", () => {
    const algorithm = vegas();
    // Where an option was wrong there is no first one.
    expect(() => adaptiveLimit(algorithm, { label: "" })).toThrow("label");
    adaptiveLimit(algorithm);
    expect(() => adaptiveLimit(algorithm)).toThrow(
      "adaptiveLimit: algorithm must not be that of another limit; received the same a second time",
    );
  });

  test.each<readonly [object, string]>([
    [{}, "algorithm must be an algorithm such as vegas() (with sample); received an object"],
    [{ limit: 0 }, "algorithm.limit must be a number of 1 or more; received 0"],
    [{ limit: 5, min: 0 }, "algorithm.min must be a whole number of 1 or more and at most 5; received 0"],
    [{ limit: 5, min: 6 }, "algorithm.min must be a whole number of 1 or more and at most 5; received 6"],
    [{ limit: 5, min: 1.5 }, "algorithm.min must be a whole number of 1 or more and at most 5; received 1.5"],
    [{ limit: 5, max: 4 }, "algorithm.max must be a whole number of 5 or more, or Infinity; received 4"],
    [{ limit: 5, max: 5.5 }, "algorithm.max must be a whole number of 5 or more, or Infinity; received 5.5"],
  ])("that is odd is refused: %o", (members, message) => {
    const algorithm = Object.keys(members).length === 0 ? members : { ...members, sample: () => 5 };
    expect(() => adaptiveLimit(algorithm as never)).toThrow(`adaptiveLimit: ${message}`);
    expect(() => new AdaptiveLimit(algorithm as never)).toThrow(`AdaptiveLimit: ${message}`);
  });

  test("that cannot be read is refused, and which member it was is said", () => {
    const algorithm = {
      limit: 5,
      get max(): number {
        throw new Error("no");
      },
      sample: () => 5,
    };
    expect(() => adaptiveLimit(algorithm)).toThrow("adaptiveLimit: algorithm.max could not be read");
  });

  test("must say so to be told of each call", () => {
    expect(() => adaptiveLimit(vegas(), { window: false })).toThrow(
      new TypeError(
        "adaptiveLimit: window must be an object, for this algorithm is not for each sample; received false",
      ),
    );
  });
});

test.each<readonly [AdaptiveLimitOptions, string]>([
  [{ window: { time: 9 } }, "window.time must be a number of 10 or more and at most 2147483647; received 9"],
  [{ window: { samples: 0 } }, "window.samples must be a whole number of 1 or more"],
  [{ window: { samples: 1.5 } }, "window.samples must be a whole number of 1 or more"],
  [{ window: { quantile: 0 } }, "window.quantile must be a number above 0 and at most 1; received 0"],
  [{ window: { span: 5 } as never }, "window: span is not an option; the options are time, samples, quantile"],
  [{ classify: "success" as never }, "classify must be a function"],
  [{ until: 5 as never }, "until must be a function"],
])("%o is refused", (options, message) => {
  expect(() => adaptiveLimit(vegas(), options)).toThrow(`adaptiveLimit: ${message}`);
});

test("a window that is a number is refused, and told what a window is", () => {
  expect(() => adaptiveLimit(vegas(), { window: 1_000 as never })).toThrow(
    new TypeError("adaptiveLimit: window must be an object with time (ms), samples or quantile; received 1000"),
  );
});

describe("what a window shows", () => {
  test("by default, ten calls that ended within a second or more", async () => {
    const { clock, service, handle, samples } = recorded({ window: undefined });
    for (let call = 1; call <= 10; call++) {
      if (call === 2) await clock.advance(1_000);
      expect(samples).toEqual([]);
      const answer = service.call("a");
      (await handle.nextRequest()).respond("A");
      await answer;
    }
    expect(samples).toMatchObject([{ count: 10 }]);
  });

  test("the quantile that is asked for, of the calls that were not dropped", async () => {
    const { clock, service, handle, samples } = recorded({ window: { time: 10, samples: 5, quantile: 0.5 } });
    for (const [ms, error] of [[10], [400], [20], [30], [1, new TimeoutError()]] as const) {
      const answer = service.call("a");
      await clock.advance(ms);
      const call = await handle.nextRequest();
      if (error === undefined) call.respond("A");
      else call.fail(error);
      await answer.catch(() => {});
    }
    expect(samples).toMatchObject([{ rtt: 20, dropped: true, count: 5 }]);
  });

  test("the most that were in flight, and how far off the mean may be", async () => {
    const { clock, service, handle, samples } = recorded({ window: { time: 10, samples: 2 } });
    const calls = [service.call("a"), service.call("b")];
    const arrived = [await handle.nextRequest(), await handle.nextRequest()];
    await clock.advance(20);
    // The one that met the other first.
    arrived[1]?.respond("B");
    await calls[1];
    await clock.advance(20);
    arrived[0]?.respond("A");
    await calls[0];
    // Of 20 and 40 the variance is 200, and of their mean a half of that.
    expect(samples).toEqual([{ rtt: 30, error: 10, inflight: 2, dropped: false, count: 2 }]);
  });

  test("of one call: its round trip, which may be off by nobody knows how much", async () => {
    const { clock, service, handle, samples } = recorded({ window: { time: 10, samples: 1 } });
    for (const ms of [20, 40]) {
      const answer = service.call("a");
      await clock.advance(ms);
      (await handle.nextRequest()).respond("A");
      await answer;
    }
    // A window begins with the end of its first call, and the second one ended it.
    expect(samples).toMatchObject([{ rtt: 30, count: 2 }]);
    const each = recorded();
    const answer = each.service.call("a");
    (await each.handle.nextRequest()).respond("A");
    await answer;
    expect(each.samples).toEqual([{ rtt: 0, error: 0, inflight: 1, dropped: false, count: 1 }]);
  });

  describe("of many different calls", () => {
    /** A window of calls that took 1, 2, 3, … times `ms`. */
    function shownBy(window: SampleWindow, calls: number, ms: number, since: number): LimitSample | undefined {
      for (let call = 1; call < calls; call++) expect(window.add(call * ms, 1, false, since)).toBeUndefined();
      return window.add(calls * ms, 1, false, since + 10);
    }

    test.each([
      [0.5, 100, 50],
      [0.9, 100, 90],
      [1, 100, 100],
      // The product of the two is rounded up, to a little above 7.
      [0.07, 100, 7],
    ])("the %d quantile of %i is that of all of them", (quantile, calls, rtt) => {
      const window = new SampleWindow({ time: 10, samples: 1, quantile });
      expect(shownBy(window, calls, 1, 0)).toMatchObject({ rtt, count: calls });
    });

    test("not all of 3,000 are kept, whatever the quantile", () => {
      const window = new SampleWindow({ time: 10, samples: 1, quantile: 1 });
      expect(shownBy(window, 3_000, 1, 0)?.rtt).toBeLessThan(3_000);
    });

    test.each([
      [0.5, 3_000, 1_500, 6],
      [0.9, 3_000, 2_700, 11],
    ])(
      "the %d quantile of %i is that of every fourth one, and nothing of it is left in the next window",
      (quantile, calls, rtt, next) => {
        const window = new SampleWindow({ time: 10, samples: 1, quantile });
        const shown = shownBy(window, calls, 1, 0);
        expect(shown?.count).toBe(calls);
        expect(Math.abs(shown!.rtt - rtt)).toBeLessThanOrEqual(4);
        expect(shownBy(window, 12, 1, 10)).toMatchObject({ rtt: next, count: 12 });
      },
    );
  });

  test("of any number of calls, in constant memory: then of every second, fourth, … one", async () => {
    const { clock, samples, limit } = recorded({ window: { time: 5_000, samples: 1, quantile: 0.9 } }, new Recorder(1));
    const timed = limit.wrap(
      new ServiceBuilder().serviceFn(
        (ms: string) => new Promise<string>((done) => clock.setTimeout(() => done(ms), Number(ms))),
      ),
    );
    for (let call = 0; call < 5_000; call++) {
      const answer = timed.call(String((call * 7) % 100 < 90 ? 1 : 2));
      await clock.advanceAsync(2);
      await answer;
      if (samples.length > 0) break;
    }
    // Nine in ten take 1 ms.
    expect(samples[0]?.rtt).toBe(1);
    expect(samples[0]?.count).toBeGreaterThan(2_000);
  });

  test("where all were dropped, how long these took", async () => {
    const { clock, service, handle, samples } = recorded({ window: { time: 10, samples: 2 } });
    for (const ms of [20, 40]) {
      const answer = service.call("a");
      await clock.advance(ms);
      (await handle.nextRequest()).fail(new TimeoutError());
      await answer.catch(() => {});
    }
    expect(samples).toEqual([{ rtt: 30, error: 0, inflight: 1, dropped: true, count: 2 }]);
  });
});

describe("what it says of itself", () => {
  test("its counters are on the layer, and in its JSON", async () => {
    const { clock, limit, service, handle } = recorded(
      { label: "db" },
      Object.assign(new Recorder(2), { baseline: 15 }),
    );
    expect(limit).toMatchObject({
      limit: 2,
      active: 0,
      waiting: 0,
      available: 2,
      oldest: 0,
      rtt: undefined,
      baseline: 15,
    });
    const calls = [service.call("a"), service.call("b"), service.call("c")];
    await clock.advance(40);
    expect(limit).toMatchObject({ active: 2, waiting: 1, available: 0, oldest: 40 });
    for (let call = 0; call < 3; call++) (await handle.nextRequest()).respond("X");
    await Promise.all(calls);
    await turn();
    expect(JSON.parse(JSON.stringify(limit))).toEqual({
      name: "adaptiveLimit",
      label: "db",
      limit: 2,
      active: 0,
      waiting: 0,
      available: 2,
      oldest: 0,
      rtt: 0,
      baseline: 15,
    });
    expect(limit.about).toMatchObject({ label: "db", traits: ["limits"], facts: { initial: 2, min: 1 } });
    expect(JSON.parse(JSON.stringify(new AdaptiveLimit(aimd())))).toEqual({
      limit: 20,
      active: 0,
      waiting: 0,
      available: 20,
      oldest: 0,
    });
  });

  test("a change is announced, with the reason, and none where there is none", async () => {
    const { limit, service, handle, algorithm } = recorded({ label: "db" }, new Recorder(4));
    const call = async (next: number, error?: Error): Promise<void> => {
      const calls = Array.from({ length: 4 }, () => service.call("a"));
      Object.assign(algorithm, { limit: next });
      const arrived = [];
      for (let nth = 0; nth < 4; nth++) arrived.push(await handle.nextRequest());
      for (const { respond, fail } of arrived) {
        if (error === undefined) respond("A");
        else fail(error);
      }
      await Promise.allSettled(calls);
    };
    const heard = await announcedIn(async () => {
      await call(4);
      await call(6);
      await call(5, new TimeoutError());
      await call(4);
      await call(4.9);
    });
    expect(heard.map(({ type, layer, label, from, to, reason }) => [type, layer, label, from, to, reason])).toEqual([
      ["limit", "adaptiveLimit", "db", 4, 6, "headroom"],
      ["limit", "adaptiveLimit", "db", 6, 5, "dropped"],
      ["limit", "adaptiveLimit", "db", 5, 4, "latency"],
    ]);
    expect(new Set(heard.map(({ source }) => source)).size).toBe(1);
    expect(limit.limit).toBe(4);
  });

  test("its bounds are among what it says it was made with, and whether its line is bounded", () => {
    const facts = { initial: 20, min: 2, max: 50 };
    expect(adaptiveLimit(vegas({ min: 2, max: 50 })).about?.facts).toEqual(facts);
    const line = (serve: () => void) => Object.assign(new Line<Lease>(serve), { bounded: true });
    const bounded = adaptiveLimit(vegas({ min: 2, max: 50 }), { line });
    expect(bounded.about?.facts).toEqual({ ...facts, boundedLine: true });
    expect(bounded.line).toBe(line);
  });

  test("one value is one limit: the same twice in a stack is refused", () => {
    const limit = adaptiveLimit(vegas());
    expect(() =>
      new ServiceBuilder()
        .layer(limit)
        .layer(limit)
        .serviceFn(() => 1),
    ).toThrow(TypeError);
  });
});

describe("as a gate of its own", () => {
  test("whoever waits where there is room has it at once, and whoever has given up is refused", async () => {
    const limit = new AdaptiveLimit(aimd({ initial: 1 }));
    const lease = await limit.acquire();
    expect(limit.active).toBe(1);
    limit.admitted(lease).cancel();
    expect(limit.active).toBe(0);
    const options: ReadyOptions = { signal: AbortSignal.abort(new Error("enough")) };
    await expect(limit.acquire(options)).rejects.toThrow("enough");
    expect(limit.active).toBe(0);
  });

  test("what is inside it may be full: all is given back", () => {
    const limit = new AdaptiveLimit(aimd({ initial: 2 }));
    const service = new ServiceBuilder()
      .layer(gate(limit, { name: "outer" }))
      .layer(gate(new Semaphore(0), { name: "inner" }))
      .serviceFn(() => 1);
    refuse("somebody else");
    expect(service.tryReady()).toBeUndefined();
    expect(limit.active).toBe(0);
  });
});
