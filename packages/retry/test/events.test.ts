import { AsyncLocalStorage } from "node:async_hooks";
import {
  type AttemptEvent,
  events,
  gate,
  type LayerEvent,
  OverloadedError,
  Semaphore,
  ServiceBuilder,
  serviceFn,
} from "@sluice/core";
import { unhandledIn } from "@sluice/test-kit";
import { mockService, VirtualClock } from "@sluice/testing";
import { afterEach, describe, expect, test } from "vitest";
import { retry, retryBudget, retryPolicy, type RetryPolicy, type RetryPolicyOptions } from "../src/index.ts";

const subscriptions: Disposable[] = [];

afterEach(() => {
  for (const subscription of subscriptions.splice(0)) subscription[Symbol.dispose]();
});

/** A retry around a service that fails so often before it answers, and what it announces. */
function failing(times: number, options: RetryPolicyOptions) {
  const clock = new VirtualClock();
  const policy = retryPolicy({ backoff: { next: () => ({ delay: 10, state: undefined }) }, ...options });
  const layer = retry(policy, { clock, label: "search" });
  const heard: LayerEvent[] = [];
  subscriptions.push(events.subscribe((event) => heard.push(event)));
  let failures = 0;
  const service = new ServiceBuilder().layer(layer).serviceFn(async (name: string) => {
    if (failures++ < times) throw Object.assign(new Error("no"), { code: "E503" });
    return name;
  });
  const common = { layer: "retry", source: policy };
  return { clock, service, heard, common };
}

describe("events", () => {
  test("each retry is announced when it is decided on, with its number, delay and the failure's code", async () => {
    const { clock, service, heard, common } = failing(2, { maxRetries: 3 });
    const call = service.call("a");
    await clock.advanceAsync(20);
    expect(await call).toBe("a");
    expect(heard).toEqual([
      { type: "retry", ...common, label: "search", attempt: 2, delay: 10, code: "E503" },
      { type: "retry", ...common, label: "search", attempt: 3, delay: 10, code: "E503" },
    ]);
  });

  test.each<[string, () => unknown, string | undefined]>([
    [
      "a DOMException, whose code is a legacy number",
      () => Promise.reject(new DOMException("", "TimeoutError")),
      "TimeoutError",
    ],
    ["an object with somebody's name", () => Promise.reject({ name: "Ada" }), "_OTHER"],
    ["nothing", () => Promise.reject(), "_OTHER"],
    ["a response that is not good enough", () => Promise.resolve("so so"), undefined],
  ])("the code is what meters count a failure under: %s", async (_what, answer, code) => {
    const { clock, heard } = failing(0, { maxRetries: 1 });
    const policy = retryPolicy({ maxRetries: 1, retryIf: () => true });
    const service = retry(policy, { clock }).wrap(serviceFn(() => answer()));
    service.call("a").catch(() => {});
    await clock.advanceAsync(100);
    expect(heard[0]).toMatchObject({ type: "retry", code });
  });

  test("a retry that a policy of one's own wants too late is announced as well", async () => {
    const { clock, heard } = failing(0, { maxRetries: 1 });
    const policy: RetryPolicy = { decide: () => ({ delay: 10 }) };
    const service = retry(policy, { clock, label: "own" }).wrap(serviceFn(() => Promise.reject(new Error("no"))));
    await expect(service.call("a", { deadline: 10 })).rejects.toThrow("no");
    expect(heard).toEqual([
      { type: "retry-denied", layer: "retry", label: "own", source: policy, attempt: 2, reason: "deadline" },
    ]);
  });

  test.each<[string, RetryPolicyOptions, { deadline?: number }]>([
    ["exhausted", { maxRetries: 0 }, {}],
    ["deadline", { maxRetries: 3 }, { deadline: 5 }],
    ["budget", { maxRetries: 3, budget: retryBudget({ minPerSecond: 0, ratio: 0 }) }, {}],
  ])("a retry that is not made is announced with its reason: %s", async (reason, options, callOptions) => {
    const { service, heard, common } = failing(1, options);
    await expect(service.call("a", callOptions)).rejects.toThrow("no");
    expect(heard).toEqual([{ type: "retry-denied", ...common, label: "search", attempt: 2, reason }]);
  });

  test("a failure that the policy has no wish to try again is not announced", async () => {
    const { service, heard } = failing(1, { maxRetries: 0, retryIf: () => false });
    await expect(service.call("a")).rejects.toThrow("no");
    expect(heard).toEqual([]);
  });

  test("a refusal says in how long to come back, of whichever layer", async () => {
    const clock = new VirtualClock();
    let asked = 0;
    const service = new ServiceBuilder()
      .layer(
        retry(retryPolicy({ maxRetries: 1, backoff: { next: () => ({ delay: 0, state: undefined }) } }), { clock }),
      )
      .serviceFn(async () => {
        if (asked++ === 0) throw new OverloadedError("elsewhere", { retryAfter: 70 });
        return "ok";
      });
    const call = service.call("a");
    await clock.advanceAsync(69);
    expect(asked).toBe(1);
    await clock.advanceAsync(1);
    expect(await call).toBe("ok");
  });
});

describe("what is carried into an attempt", () => {
  test("is around the attempt and its wait for readiness, and not around the next one", async () => {
    const clock = new VirtualClock();
    const slots = new Semaphore(1, { clock });
    const storage = new AsyncLocalStorage<string>();
    const carried: AttemptEvent[] = [];
    subscriptions.push(
      events.carry((event, run) => {
        carried.push(event);
        return storage.run(`${storage.getStore()} > attempt ${event.attempt}`, run);
      }),
    );
    const [inner, handle] = mockService<string, string>();
    const seen: string[] = [];
    const service = new ServiceBuilder()
      .layer(
        retry(retryPolicy({ maxRetries: 5, backoff: { next: () => ({ delay: 10, state: undefined }) } }), { clock }),
      )
      .layer(gate(slots, { name: "slots" }))
      .serviceFn((name: string) => {
        seen.push(`${name}: ${storage.getStore()}`);
        return inner.call(name);
      });
    const calls = ["a", "b"].map((name) => storage.run(name, () => service.call(name)));
    for (let attempt = 0; attempt < 4; attempt++) {
      (await handle.nextRequest()).fail(new Error("no"));
      await clock.advanceAsync(10);
    }
    for (let last = 0; last < 2; last++) {
      (await handle.nextRequest()).respond("ok");
      await clock.advanceAsync(10);
    }
    expect(await Promise.all(calls)).toEqual(["ok", "ok"]);
    expect(seen.sort()).toEqual([
      "a: a",
      "a: a > attempt 2",
      "a: a > attempt 3",
      "b: b",
      "b: b > attempt 2",
      "b: b > attempt 3",
    ]);
    expect(carried.every(({ type, layer }) => type === "attempt" && layer === "retry")).toBe(true);
  });

  test("a caller's answer is in its own context, not in that of an attempt", async () => {
    const clock = new VirtualClock();
    const storage = new AsyncLocalStorage<string>();
    subscriptions.push(events.carry((event, run) => storage.run(`attempt ${event.attempt}`, run)));
    let failures = 0;
    const service = new ServiceBuilder()
      .layer(
        retry(retryPolicy({ maxRetries: 1, backoff: { next: () => ({ delay: 0, state: undefined }) } }), { clock }),
      )
      .serviceFn(async () => {
        if (failures++ === 0) throw new Error("no");
        return storage.getStore();
      });
    const seen = await storage.run("caller", () => service.call(1).then((inside) => [inside, storage.getStore()]));
    expect(seen).toEqual(["attempt 2", "caller"]);
  });

  test("a failure of readiness in an attempt is the request's, in the caller's context", async () => {
    const clock = new VirtualClock();
    const storage = new AsyncLocalStorage<string>();
    subscriptions.push(events.carry((event, run) => storage.run(`attempt ${event.attempt}`, run)));
    let asked = 0;
    const closed = {
      tryAcquire() {
        if (asked++ > 0) throw new Error("closed");
        return { cancel() {}, finish() {} };
      },
      acquire: () => Promise.reject(new Error("closed")),
    };
    const service = new ServiceBuilder()
      .layer(retry(retryPolicy({ maxRetries: 3 }), { clock }))
      .layer(gate(closed, { name: "closed" }))
      .serviceFn(() => Promise.reject(new Error("no")));
    const call = storage.run("caller", () =>
      service.call(1).catch((error: Error) => [error.message, storage.getStore()]),
    );
    await clock.advanceAsync(1_000);
    expect(await call).toEqual(["closed", "caller"]);
  });

  const broken = new Error("broken");
  test.each<[string, readonly unknown[], (run: () => unknown) => unknown]>([
    [
      "throws before the attempt",
      [broken],
      () => {
        throw broken;
      },
    ],
    [
      "throws after it has begun",
      [broken],
      (run) => {
        run();
        throw broken;
      },
    ],
    ["forgets it", [], () => undefined],
  ])(
    "a provider that %s costs no request its answer, and what it throws is reported",
    async (_how, reported, provider) => {
      subscriptions.push(events.carry((_event, run) => provider(run) as ReturnType<typeof run>));
      const { service, clock } = failing(1, { maxRetries: 3 });
      let answer: string | undefined;
      const unhandled = await unhandledIn(async () => {
        void service.call("a").then((name) => {
          answer = name;
        });
        await clock.advanceAsync(10);
      });
      expect(answer).toBe("a");
      expect(unhandled).toEqual(reported);
    },
  );
});

test("the layer says of itself whether it has a budget, and refuses a label that is none", () => {
  const budget = retryBudget();
  expect(retry(retryPolicy({ maxRetries: 1, budget }), { label: "a" }).about).toEqual({
    label: "a",
    traits: ["repeats"],
    facts: { budget: true },
  });
  expect(retry(retryPolicy({ maxRetries: 1 })).about?.facts).toEqual({ budget: false });
  expect(() => retry(retryPolicy({ maxRetries: 1 }), { label: "" })).toThrow(
    'retry: label must be a non-empty string; received ""',
  );
});
