import { OverloadedError, ServiceBuilder } from "@sluice/core";
import { VirtualClock } from "@sluice/testing";
import { describe, expect, test, vi } from "vitest";
import {
  type Attempt,
  type Backoff,
  exponentialBackoff,
  isIdempotent,
  retry,
  retryBudget,
  retryPolicy,
  type RetryPolicyOptions,
} from "../src/index.ts";

const failed: Attempt = {
  number: 1,
  request: "hello",
  outcome: { status: "rejected", reason: new Error("down") },
  state: undefined,
  elapsed: 0,
  remaining: undefined,
  label: undefined,
};
const answered: Attempt = { ...failed, outcome: { status: "fulfilled", value: "world" } };

/** 10, 20, 30, … */
const linear: Backoff<number> = { next: (count = 1) => ({ delay: count * 10, state: count + 1 }) };

describe("by default", () => {
  test("what was rejected is retried, whatever the reason, and a response is not", () => {
    const policy = retryPolicy({ maxRetries: 3 });
    expect(policy.decide(failed)).toBeDefined();
    expect(policy.decide({ ...failed, outcome: { status: "rejected", reason: undefined } })).toBeDefined();
    expect(policy.decide(answered)).toBeUndefined();
  });

  test("the backoff grows from 100 to 10,000 ms, with full jitter", () => {
    const random = vi.spyOn(Math, "random").mockReturnValue(0.5);
    try {
      const policy = retryPolicy({ maxRetries: Number.POSITIVE_INFINITY });
      const delays: (number | undefined)[] = [];
      let state: unknown;
      for (let number = 1; number < 10; number++) {
        const decision = policy.decide({ ...failed, number, state });
        delays.push(decision?.delay);
        state = decision?.state;
      }
      expect(delays).toEqual([50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
    } finally {
      random.mockRestore();
    }
  });
});

describe("maxRetries", () => {
  test.each([0, 1, 3])("%d: so many attempts after the first", async (maxRetries) => {
    const attempt = vi.fn<() => never>(() => {
      throw new Error("down");
    });
    const backoff = exponentialBackoff({ base: 0, max: 0 });
    const service = new ServiceBuilder().layer(retry(retryPolicy({ maxRetries, backoff }))).serviceFn(attempt);
    await expect(service.call(undefined)).rejects.toThrow("down");
    expect(attempt).toHaveBeenCalledTimes(maxRetries + 1);
  });
});

describe("retryIf", () => {
  test("that is async is a failure: its promise is true whatever it says, and everything would be tried again", async () => {
    let calls = 0;
    const service = new ServiceBuilder()
      .layer(retry(retryPolicy({ maxRetries: 3, retryIf: (async () => false) as never })))
      .serviceFn(async () => ++calls);
    await expect(service.call("a")).rejects.toThrow(
      new TypeError(
        "retryPolicy: what retryIf returns must be true or false, and not a promise of one; received an object",
      ),
    );
    expect(calls).toBe(1);
  });

  test("decides on the whole attempt, a response too", () => {
    const policy = retryPolicy({
      maxRetries: 3,
      retryIf: ({ request, outcome }: Attempt<{ method: string }, number>) =>
        isIdempotent(request.method) && outcome.status === "fulfilled" && outcome.value === 503,
    });
    const ask = (method: string, value: number): unknown =>
      policy.decide({ ...failed, request: { method }, outcome: { status: "fulfilled", value } });
    expect(ask("GET", 503)).toBeDefined();
    expect(ask("GET", 200)).toBeUndefined();
    expect(ask("POST", 503)).toBeUndefined();
  });

  test("is not asked when there have been enough retries", () => {
    const retryIf = vi.fn<() => boolean>(() => true);
    const policy = retryPolicy({ maxRetries: 1, retryIf });
    expect(policy.decide({ ...failed, number: 2 })).toBeUndefined();
    expect(retryIf).not.toHaveBeenCalled();
  });
});

describe("backoff", () => {
  test("its state is kept for each request by itself", () => {
    const policy = retryPolicy({ maxRetries: 9, backoff: linear });
    const first = policy.decide(failed);
    expect(first).toEqual({ delay: 10, state: 2 });
    expect(policy.decide({ ...failed, number: 2, state: first?.state })).toEqual({ delay: 20, state: 3 });
    expect(policy.decide(failed)).toEqual({ delay: 10, state: 2 });
  });
});

describe("retryAfter", () => {
  const after = (retryAfter: unknown): number | undefined =>
    retryPolicy({ maxRetries: 3, backoff: linear, retryAfter: () => retryAfter as number }).decide(failed)?.delay;

  test("raises the delay, and never lowers it", () => {
    expect(after(500)).toBe(500);
    expect(after(5)).toBe(10);
    expect(after(-1)).toBe(10);
  });

  test("is ignored where it is no number, such as that of a header that is not there", () => {
    expect(after(undefined)).toBe(10);
    expect(after(Number.NaN)).toBe(10);
  });

  test.each(["5000", null, {}, true, 5000n, () => 5000])(
    "is ignored where it is %s, and the failure is no TypeError",
    (asked) => {
      expect(after(asked as never)).toBe(10);
    },
  );

  test.each<[string, unknown]>([
    ["the text of a header", "5000"],
    ["NaN", Number.NaN],
    ["a negative number", -1_000],
    ["a symbol", Symbol("5000")],
    ["an object that is worth a number", { valueOf: () => 5_000 }],
    ["a list", [5_000]],
    ["a promise", Promise.resolve(5_000)],
  ])("%s: the backoff alone is waited for, and the 503 is the outcome", async (_what, value) => {
    const clock = new VirtualClock();
    const answer = { status: 503, retryAfter: value };
    const policy = retryPolicy<string, typeof answer>({
      maxRetries: 1,
      backoff: linear,
      retryIf: ({ outcome }) => outcome.status === "fulfilled" && outcome.value.status === 503,
      retryAfter: ({ outcome }) => (outcome.status === "fulfilled" ? (outcome.value.retryAfter as number) : undefined),
    });
    let calls = 0;
    const service = new ServiceBuilder().layer(retry(policy, { clock })).serviceFn(async (_request: string) => {
      calls++;
      return answer;
    });
    const call = service.call("hello");
    await clock.advanceAsync(10);
    expect(await call).toBe(answer);
    expect(calls).toBe(2);
  });

  test("of a refusal from elsewhere is ignored where it is no number", () => {
    const policy = retryPolicy({ maxRetries: 3, backoff: linear });
    const reason = new OverloadedError("edge", { retryAfter: "5000" as never });
    expect(policy.decide({ ...failed, outcome: { status: "rejected", reason } })?.delay).toBe(10);
  });

  test("that no timer can wait for: no retry", () => {
    expect(after(2 ** 31 - 1)).toBe(2 ** 31 - 1);
    expect(after(2 ** 31)).toBeUndefined();
    expect(after(Number.POSITIVE_INFINITY)).toBeUndefined();
  });

  test("by default is what an OverloadedError says", () => {
    const policy = retryPolicy({ maxRetries: 3, backoff: linear });
    const refused = (retryAfter?: number): Attempt => ({
      ...failed,
      outcome: { status: "rejected", reason: new OverloadedError("rateLimit", { retryAfter }) },
    });
    expect(policy.decide(refused(700))?.delay).toBe(700);
    expect(policy.decide(refused())?.delay).toBe(10);
  });

  test("by default is nothing for a response", () => {
    const policy = retryPolicy({ maxRetries: 3, backoff: linear, retryIf: () => true });
    expect(policy.decide(answered)?.delay).toBe(10);
  });
});

describe("budget", () => {
  const setUp = (): { deposit: () => void; withdraw: () => boolean } => ({
    deposit: vi.fn<() => void>(),
    withdraw: vi.fn<() => boolean>(() => true),
  });

  test("a request earns once, and each retry is paid for", async () => {
    const budget = setUp();
    const policy = retryPolicy({ maxRetries: 2, backoff: exponentialBackoff({ base: 0, max: 0 }), budget });
    const service = new ServiceBuilder().layer(retry(policy)).serviceFn((down: boolean) => {
      if (down) throw new Error("down");
    });
    await service.call(false);
    expect(budget.deposit).toHaveBeenCalledTimes(1);
    expect(budget.withdraw).toHaveBeenCalledTimes(0);
    await expect(service.call(true)).rejects.toThrow("down");
    expect(budget.deposit).toHaveBeenCalledTimes(2);
    expect(budget.withdraw).toHaveBeenCalledTimes(2);
  });

  test("without a retry left there is none", () => {
    const policy = retryPolicy({ maxRetries: 3, budget: { deposit() {}, withdraw: () => false } });
    expect(policy.decide(failed)).toBeUndefined();
  });

  test.each<[string, Partial<Attempt>, Partial<RetryPolicyOptions>]>([
    ["a response", answered, {}],
    ["the last attempt", { number: 4 }, {}],
    ["a backoff that would end at the deadline", { remaining: 10 }, {}],
    ["a delay that no timer can wait for", {}, { retryAfter: () => 2 ** 31 }],
  ])("nothing is paid for %s", (_what, attempt, options) => {
    const budget = setUp();
    const policy = retryPolicy({ maxRetries: 3, backoff: linear, budget, ...options });
    expect(policy.decide({ ...failed, ...attempt })).toBeUndefined();
    expect(budget.withdraw).not.toHaveBeenCalled();
  });

  test("a backoff that ends before the deadline is paid for", () => {
    const budget = setUp();
    const policy = retryPolicy({ maxRetries: 3, backoff: linear, budget });
    expect(policy.decide({ ...failed, remaining: 11 })?.delay).toBe(10);
    expect(budget.withdraw).toHaveBeenCalledTimes(1);
  });

  test("when all is down, calls are at most 1 + ratio per request (without a budget, peers make 3 to 11)", async () => {
    const clock = new VirtualClock();
    const budget = retryBudget({ ttl: 10_000, minPerSecond: 0, ratio: 0.2, clock });
    const policy = retryPolicy({ maxRetries: 10, backoff: exponentialBackoff({ base: 10, max: 10 }), budget });
    let calls = 0;
    const service = new ServiceBuilder().layer(retry(policy, { clock })).serviceFn(async () => {
      calls++;
      throw new Error("down");
    });
    const requests = Array.from({ length: 1_000 }, () => service.call(undefined));
    for (let ms = 0; ms < 200; ms += 10) await clock.advance(10);
    const outcomes = await Promise.allSettled(requests);
    expect(outcomes.every(({ status }) => status === "rejected")).toBe(true);
    expect(calls).toBe(1_200);
  });

  test("layers share one", async () => {
    const clock = new VirtualClock();
    const budget = retryBudget({ ttl: 10_000, minPerSecond: 0, ratio: 0.5, clock });
    let calls = 0;
    const [a, b] = [1, 2].map(() =>
      new ServiceBuilder()
        .layer(retry(retryPolicy({ maxRetries: 1, backoff: exponentialBackoff({ base: 0, max: 0 }), budget })))
        .serviceFn(async (down: boolean) => {
          calls++;
          if (down) throw new Error("down");
        }),
    );
    await a!.call(false);
    await expect(b!.call(true)).rejects.toThrow("down");
    expect(calls).toBe(3);
    expect(budget.balance).toBe(0);
  });
});

describe("time", () => {
  test("is looked at only where a function of the user's may look at it", () => {
    expect(retryPolicy({ maxRetries: 3 }).timed).toBe(false);
    expect(retryPolicy({ maxRetries: 3, retryIf: () => true }).timed).toBe(true);
    expect(retryPolicy({ maxRetries: 3, retryAfter: () => 1 }).timed).toBe(true);
  });
});

describe("responses", () => {
  test("are looked at only where a function of the user's may want another", () => {
    expect(retryPolicy({ maxRetries: 3 }).onlyFailures).toBe(true);
    expect(retryPolicy({ maxRetries: 3, retryAfter: () => 1 }).onlyFailures).toBe(true);
    expect(retryPolicy({ maxRetries: 3, retryIf: () => false }).onlyFailures).toBe(false);
  });
});

describe("promise 14: bad options are refused at once", () => {
  test.each<[string, unknown, ErrorConstructor, string]>([
    ["options", undefined, TypeError, "maxRetries must be"],
    ["options", 3, TypeError, "options must be an object; received 3"],
    ["maxRetries", {}, TypeError, "maxRetries must be a whole number of 0 or more, or Infinity; received undefined"],
    ["maxRetries", { maxRetries: -1 }, RangeError, "received -1"],
    ["maxRetries", { maxRetries: 1.5 }, RangeError, "received 1.5"],
    ["maxRetries", { maxRetries: Number.NaN }, RangeError, "received NaN"],
    ["maxRetries", { maxRetries: "3" }, TypeError, 'received "3"'],
    ["retryIf", { maxRetries: 3, retryIf: true }, TypeError, "retryIf must be a function; received true"],
    ["retryAfter", { maxRetries: 3, retryAfter: 100 }, TypeError, "retryAfter must be a function; received 100"],
    ["cloneRequest", { maxRetries: 3, cloneRequest: 1 }, TypeError, "cloneRequest must be a function; received 1"],
    ["backoff", { maxRetries: 3, backoff: 100 }, TypeError, "backoff must be a backoff (with next); received 100"],
    ["budget", { maxRetries: 3, budget: {} }, TypeError, "budget must be a retry budget (with deposit, withdraw)"],
  ])("%s: %o", (_option, options, kind, message) => {
    const make = (): unknown => retryPolicy(options as { maxRetries: number });
    expect(make).toThrow(kind);
    expect(make).toThrow(message);
    expect(make).toThrow(/^retryPolicy: /);
  });
});

describe("copies of requests", () => {
  test("are made before each attempt, and sent in the place of what an attempt has used up", async () => {
    const clock = new VirtualClock();
    interface Body {
      used: boolean;
    }
    const policy = retryPolicy<Body>({
      maxRetries: 2,
      backoff: exponentialBackoff({ base: 0, max: 0 }),
      cloneRequest: ({ used }) => ({ used }),
    });
    const sent: boolean[] = [];
    const service = new ServiceBuilder().layer(retry(policy, { clock })).serviceFn((body: Body) => {
      sent.push(body.used);
      body.used = true;
      throw new Error("down");
    });
    await expect(service.call({ used: false })).rejects.toThrow("down");
    expect(sent).toEqual([false, false, false]);
  });

  test("undefined is a request that is not retried", async () => {
    let attempts = 0;
    const service = new ServiceBuilder()
      .layer(retry(retryPolicy<string>({ maxRetries: 2, cloneRequest: () => undefined })))
      .serviceFn(() => {
        attempts++;
        throw new Error("down");
      });
    await expect(service.call("a")).rejects.toThrow("down");
    expect(attempts).toBe(1);
  });

  test("without them the policy has no such method, and the request itself is sent again", () => {
    expect(retryPolicy({ maxRetries: 1 })).not.toHaveProperty("cloneRequest");
  });
});
