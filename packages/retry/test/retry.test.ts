import { AsyncLocalStorage } from "node:async_hooks";
import { getEventListeners } from "node:events";
import { type CallOptions, type Clock, gate, Semaphore, type Service, ServiceBuilder, systemClock } from "@sluice/core";
import { ask, stackOf, stackService } from "@sluice/core/internal";
import { type MockHandle, mockService, VirtualClock } from "@sluice/testing";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Attempt, retry, type RetryLayer, type RetryPolicy } from "../src/index.ts";
import { hops, unhandledIn } from "@sluice/test-kit";

type Policy<State = unknown> = RetryPolicy<string, string, State, string>;

interface Setup {
  readonly clock: VirtualClock;
  readonly layer: RetryLayer<string, string, string>;
  readonly service: Service<string, string, unknown>;
  readonly handle: MockHandle<string, string>;
}

function setUp<State>(policy: Policy<State>): Setup {
  const clock = new VirtualClock();
  const layer = retry(policy, { clock });
  const [inner, handle] = mockService<string, string>();
  return { clock, layer, service: new ServiceBuilder().layer(layer).service(inner), handle };
}

/** Retries what was rejected, up to `most` times, after `delay`. */
function rejected(delay = 0, most = Number.POSITIVE_INFINITY): RetryPolicy {
  return {
    decide: ({ number, outcome }) => (outcome.status === "rejected" && number <= most ? { delay } : undefined),
  };
}

/** What a promise has come to, without waiting for it. */
function watch(promise: Promise<unknown>): { state: string; value: unknown } {
  const seen: { state: string; value: unknown } = { state: "pending", value: undefined };
  promise.then(
    (value) => Object.assign(seen, { state: "fulfilled", value }),
    (value: unknown) => Object.assign(seen, { state: "rejected", value }),
  );
  return seen;
}

const down = new Error("down");

/** A retry around a service that fails as soon as it is called: a million times, or a loop without turns would never end. */
function failingAtOnce({ decide, clock: given }: Pick<RetryPolicy, "decide"> & { readonly clock?: Clock }) {
  const clock = new VirtualClock();
  const policy: RetryPolicy = { decide: (attempt) => (attempt.number > 1_000_000 ? undefined : decide(attempt)) };
  const layer = retry(policy, { clock: given ?? clock });
  let attempts = 0;
  const service = new ServiceBuilder().layer(layer).serviceFn(() => {
    attempts++;
    throw down;
  });
  return { clock, layer, service, made: () => attempts };
}

describe("tower's guarantees", () => {
  test("retry_errors: a failed request is sent again", async () => {
    const { service, handle, layer } = setUp(rejected());
    const call = service.call("hello");
    const first = await handle.nextRequest();
    expect(first.request).toBe("hello");
    first.fail(down);
    const second = await handle.nextRequest();
    expect(second.request).toBe("hello");
    second.respond("world");
    expect(await call).toBe("world");
    expect(layer.retries).toBe(1);
  });

  test("retry_limit: when the policy has had enough, the last failure is the answer", async () => {
    const { service, handle } = setUp(rejected(0, 2));
    const call = watch(service.call("hello"));
    for (const text of ["retry 1", "retry 2", "retry 3"]) (await handle.nextRequest()).fail(new Error(text));
    await vi.waitFor(() => {
      expect(call).toEqual({ state: "rejected", value: new Error("retry 3") });
    });
    expect(handle.calls).toBe(3);
  });

  test("retry_error_inspection: the policy sees the failure", async () => {
    const { clock, service, handle } = setUp({
      decide: ({ outcome }) =>
        outcome.status === "rejected" && (outcome.reason as Error).message === "retry me" ? { delay: 0 } : undefined,
    });
    const call = watch(service.call("hello"));
    (await handle.nextRequest()).fail(new Error("retry me"));
    const fatal = new Error("reject");
    (await handle.nextRequest()).fail(fatal);
    await clock.advance(0);
    expect(call).toEqual({ state: "rejected", value: fatal });
    expect(handle.calls).toBe(2);
  });

  test("retry_cannot_clone_request: without a copy it is not retried, and the policy is not asked", async () => {
    const start = vi.fn<() => void>();
    const decide = vi.fn<() => undefined>();
    const { clock, service, handle } = setUp({ cloneRequest: () => undefined, start, decide });
    const call = watch(service.call("hello"));
    (await handle.nextRequest()).fail(down);
    await clock.advance(0);
    expect(call).toEqual({ state: "rejected", value: down });
    expect(start).not.toHaveBeenCalled();
    expect(decide).not.toHaveBeenCalled();
  });

  test("success_with_cannot_clone: it is answered all the same", async () => {
    const { service, handle } = setUp({ cloneRequest: () => undefined, decide: () => ({ delay: 0 }) });
    const call = service.call("hello");
    (await handle.nextRequest()).respond("world");
    expect(await call).toBe("world");
  });

  test("retry_mutating_policy: the policy may change what is sent, and see the response", async () => {
    const { service, handle } = setUp({
      decide: ({ number, request, outcome }: Attempt<string, string>) =>
        outcome.status === "fulfilled" && outcome.value === "again"
          ? { delay: 0, request: `${request}, attempt ${number + 1}` }
          : undefined,
    });
    const call = service.call("hello");
    (await handle.nextRequest()).respond("again");
    const second = await handle.nextRequest();
    expect(second.request).toBe("hello, attempt 2");
    second.respond("world");
    expect(await call).toBe("world");
  });

  test("the state is per request", async () => {
    const seen: string[] = [];
    const { clock, service, handle } = setUp({
      start: (request: string) => `${request}0`,
      decide: ({ number, request, state }) => {
        seen.push(state);
        return number < 3 ? { delay: 0, state: `${request}${number}` } : undefined;
      },
    });
    const calls = [watch(service.call("a")), watch(service.call("b"))];
    for (let attempt = 0; attempt < 6; attempt++) (await handle.nextRequest()).fail(down);
    await clock.advance(0);
    expect(calls.map(({ state }) => state)).toEqual(["rejected", "rejected"]);
    expect(seen).toEqual(["a0", "b0", "a1", "b1", "a2", "b2"]);
  });

  test("a decision without a state leaves it as it was", async () => {
    const seen: number[] = [];
    const { clock, service, handle } = setUp<number>({
      start: () => 1,
      decide: ({ number, state }) => {
        seen.push(state);
        return { delay: 0, state: number === 2 ? 2 : undefined };
      },
    });
    void service.call("hello").catch(() => {});
    for (let attempt = 0; attempt < 4; attempt++) (await handle.nextRequest()).fail(down);
    await clock.advance(0);
    expect(seen).toEqual([1, 1, 2, 2]);
  });

  test("readiness is asked for again after the backoff", async () => {
    const { clock, service, handle } = setUp(rejected(100));
    const call = service.call("hello");
    handle.allow(0);
    (await handle.nextRequest()).fail(down);
    await clock.advanceAsync(99);
    expect(handle.waiting).toBe(0);
    await clock.advance(1);
    expect(handle.waiting).toBe(1);
    handle.allow(1);
    (await handle.nextRequest()).respond("world");
    expect(await call).toBe("world");
  });
});

describe("what a policy is shown", () => {
  test("each attempt that has ended, with its number, its outcome, and the time since the first began", async () => {
    const seen: Attempt[] = [];
    const { clock, service, handle } = setUp({
      decide(attempt) {
        seen.push(attempt);
        return attempt.number < 3 ? { delay: 50 } : undefined;
      },
    });
    await clock.advance(500);
    const call = watch(service.call("hello", { deadline: 1_500 }));
    const first = await handle.nextRequest();
    await clock.advance(10);
    first.fail(down);
    await clock.advance(0);
    await clock.advance(50);
    (await handle.nextRequest()).respond("no");
    await clock.advance(0);
    await clock.advance(50);
    (await handle.nextRequest()).respond("yes");
    await clock.advance(0);
    expect(call).toEqual({ state: "fulfilled", value: "yes" });
    const shown = { request: "hello", state: undefined };
    expect(seen).toEqual([
      { ...shown, number: 1, outcome: { status: "rejected", reason: down }, elapsed: 10, remaining: 990 },
      { ...shown, number: 2, outcome: { status: "fulfilled", value: "no" }, elapsed: 60, remaining: 940 },
      { ...shown, number: 3, outcome: { status: "fulfilled", value: "yes" }, elapsed: 110, remaining: 890 },
    ]);
  });

  test("a policy that does not look at the time costs no look at the clock", async () => {
    const now = vi.fn<() => number>(() => 1_000);
    const clock: Clock = { now, setTimeout: () => 0, clearTimeout: () => {} };
    const seen: Attempt[] = [];
    const policy: Policy = {
      timed: false,
      decide(attempt) {
        seen.push(attempt);
        return undefined;
      },
    };
    const service = new ServiceBuilder().layer(retry(policy, { clock })).serviceFn((request: string) => request);
    await service.call("hello");
    expect(now).not.toHaveBeenCalled();
    await service.call("hello", { deadline: 1_500 });
    // Whether the deadline is one, and what is left of it.
    expect(now).toHaveBeenCalledTimes(2);
    expect(seen).toMatchObject([
      { elapsed: 0, remaining: undefined },
      { elapsed: 0, remaining: 500 },
    ]);
  });

  test("a policy for failures only is not asked about responses, of whichever attempt", async () => {
    const seen: Attempt[] = [];
    const policy: Policy = {
      onlyFailures: true,
      decide(attempt) {
        seen.push(attempt);
        return { delay: 0 };
      },
    };
    const [inner, handle] = mockService<string, string>();
    const service = new ServiceBuilder().layer(retry(policy)).service(inner);
    const first = service.call("a");
    (await handle.nextRequest()).respond("at once");
    expect(await first).toBe("at once");
    const second = service.call("b");
    (await handle.nextRequest()).fail(down);
    (await handle.nextRequest()).respond("in the end");
    expect(await second).toBe("in the end");
    expect(seen).toMatchObject([{ number: 1, request: "b", outcome: { status: "rejected", reason: down } }]);
  });

  test("a request is undefined as any other value is", async () => {
    const [inner, handle] = mockService<undefined, string>();
    const service = new ServiceBuilder().layer(retry(rejected())).service(inner);
    const call = service.call(undefined);
    (await handle.nextRequest()).fail(down);
    (await handle.nextRequest()).respond("world");
    expect(await call).toBe("world");
  });

  test("copies: one before each attempt, of what is sent, until there is none", async () => {
    const cloned: string[] = [];
    const asked: string[] = [];
    const { clock, service, handle } = setUp({
      cloneRequest(request: string) {
        cloned.push(request);
        return request.length < 8 ? `${request}'` : undefined;
      },
      decide({ request }) {
        asked.push(request);
        return { delay: 0, request: request.length === 7 ? `${request}!` : undefined };
      },
    });
    const call = watch(service.call("hello"));
    const sent: string[] = [];
    for (let attempt = 0; attempt < 3; attempt++) {
      const { request, fail } = await handle.nextRequest();
      sent.push(request);
      fail(down);
    }
    await clock.advance(0);
    expect(call).toEqual({ state: "rejected", value: down });
    expect(cloned).toEqual(["hello", "hello'", "hello''!"]);
    expect(asked).toEqual(["hello'", "hello''"]);
    expect(sent).toEqual(["hello", "hello'", "hello''!"]);
  });
});

describe("when a policy throws or answers nonsense, that is the failure", () => {
  const bug = new Error("bug");
  const throws = (): never => {
    throw bug;
  };

  test.each([{ cloneRequest: throws }, { start: throws }])("before the first attempt: %o", async (part) => {
    const { service, handle } = setUp({ ...part, decide: () => undefined });
    await expect(service.call("hello")).rejects.toBe(bug);
    handle.expectNoRequest();
    expect(handle).toMatchObject({ reserved: 0, released: 1 });
  });

  test("after the first attempt, and after others", async () => {
    for (const failing of [1, 2]) {
      const { clock, service, handle } = setUp({
        decide: ({ number }) => (number === failing ? throws() : { delay: 0 }),
      });
      const call = watch(service.call("hello"));
      for (let attempt = 0; attempt < failing; attempt++) (await handle.nextRequest()).respond("world");
      await clock.advance(0);
      expect(call).toEqual({ state: "rejected", value: bug });
    }
  });

  test("when copying for the second attempt", async () => {
    let copies = 0;
    const { clock, service, handle } = setUp({
      cloneRequest: (request: string) => (++copies === 2 ? throws() : request),
      decide: () => ({ delay: 0 }),
    });
    const call = watch(service.call("hello"));
    (await handle.nextRequest()).fail(down);
    await clock.advance(0);
    expect(call).toEqual({ state: "rejected", value: bug });
    handle.expectNoRequest();
    expect(handle).toMatchObject({ reserved: 0, released: 1 });
  });

  test.each<[unknown, ErrorConstructor, string]>([
    [null, TypeError, "received undefined"],
    [true, TypeError, "received undefined"],
    [Promise.resolve({ delay: 0 }), TypeError, "received undefined"],
    [{ delay: "1s" }, TypeError, 'received "1s"'],
    [{ delay: -1 }, RangeError, "received -1"],
    [{ delay: Number.NaN }, RangeError, "received NaN"],
    [{ delay: 2 ** 31 }, RangeError, "received 2147483648"],
  ])("a decision of %o", async (decision, kind, message) => {
    const { clock, service, handle } = setUp({ decide: () => decision as undefined });
    const call = watch(service.call("hello"));
    (await handle.nextRequest()).fail(down);
    await clock.advance(0);
    expect(call.value).toBeInstanceOf(kind);
    expect(String(call.value)).toContain("retry: delay must be");
    expect(String(call.value)).toContain(message);
  });
});

describe("between attempts", () => {
  test("no permit is held inside: others are served during the backoff", async () => {
    const clock = new VirtualClock();
    const semaphore = new Semaphore(1);
    const [inner, handle] = mockService<string, string>();
    const service = new ServiceBuilder()
      .layer(retry(rejected(100), { clock }))
      .layer(gate(semaphore, { name: "limit" }))
      .service(inner);
    const first = service.call("first");
    (await handle.nextRequest()).fail(down);
    await clock.advanceAsync(50);
    expect(semaphore.active).toBe(0);
    const second = service.call("second");
    const other = await handle.nextRequest();
    expect(other.request).toBe("second");
    await clock.advance(50);
    expect(semaphore).toMatchObject({ active: 1, waiting: 1 });
    other.respond("2");
    expect(await second).toBe("2");
    (await handle.nextRequest()).respond("1");
    expect(await first).toBe("1");
    expect(semaphore.active).toBe(0);
  });

  test("a failure of readiness ends the request as it is, and the policy is not asked", async () => {
    const policy = rejected(100);
    const decide = vi.spyOn(policy, "decide");
    const { clock, service, handle } = setUp(policy);
    const closed = new Error("closed");
    const call = watch(service.call("hello"));
    (await handle.nextRequest()).fail(down);
    await clock.advance(0);
    handle.sendFailure(closed);
    await clock.advance(100);
    expect(call).toEqual({ state: "rejected", value: closed });
    expect(decide).toHaveBeenCalledTimes(1);
  });

  test("a backoff is a timer and no more; without a delay there is none", async () => {
    const { clock, layer, service, handle } = setUp(rejected(100, 1));
    const call = watch(service.call("hello"));
    expect(clock.pending).toBe(0);
    (await handle.nextRequest()).fail(down);
    await clock.advance(0);
    expect(clock.pending).toBe(1);
    expect(layer).toMatchObject({ waiting: 1, retries: 0 });
    await clock.advance(100);
    expect(clock.pending).toBe(0);
    expect(layer).toMatchObject({ waiting: 0, retries: 1 });
    (await handle.nextRequest()).fail(down);
    await clock.advance(0);
    expect(call.state).toBe("rejected");
    expect(clock.pending).toBe(0);
  });

  test("a service that fails at once, retried without end or delay, lets timers and aborts have their turn", async () => {
    const { service, made } = failingAtOnce({ ...rejected(), clock: systemClock });
    const controller = new AbortController();
    const reason = new Error("enough");
    setTimeout(() => {
      controller.abort(reason);
    }, 5);
    await expect(service.call(undefined, { signal: controller.signal })).rejects.toBe(reason);
    expect(made()).toBeGreaterThan(100);
  });

  test("a hundred retries without delay need no timer; one of 0 ms comes before the next", async () => {
    const armed: { readonly run: () => void; readonly ms: number }[] = [];
    const clock: Clock = { now: () => 0, setTimeout: (run, ms) => armed.push({ run, ms }), clearTimeout: () => {} };
    const { layer, service, made } = failingAtOnce({ ...rejected(), clock });
    const controller = new AbortController();
    const call = service.call(undefined, { signal: controller.signal });
    for (let turn = 1; turn <= 3; turn++) {
      await vi.waitFor(() => {
        expect(armed).toHaveLength(turn);
      });
      expect(armed[turn - 1]).toMatchObject({ ms: 0 });
      expect(made()).toBe(turn * 101);
      expect(layer).toMatchObject({ waiting: 1, retries: made() - 1 });
      armed[turn - 1]!.run();
    }
    await vi.waitFor(() => {
      expect(armed).toHaveLength(4);
    });
    controller.abort("enough");
    await expect(call).rejects.toBe("enough");
    expect(layer.waiting).toBe(0);
  });

  test("retries without delay are counted anew after one with a delay", async () => {
    const { clock, service, made } = failingAtOnce({ decide: ({ number }) => ({ delay: number % 60 === 0 ? 1 : 0 }) });
    const controller = new AbortController();
    service.call(undefined, { signal: controller.signal }).catch(() => {});
    for (let turn = 1; turn <= 5; turn++) {
      await vi.waitFor(() => {
        expect(made()).toBe(turn * 60);
      });
      expect(clock.next).toBe(1);
      void clock.advance(1);
    }
    controller.abort(down);
  });

  test("thousands of attempts leave nothing behind", async () => {
    let attempts = 0;
    const policy: RetryPolicy = { decide: ({ number }) => (number <= 20_000 ? { delay: 0 } : undefined) };
    const service = new ServiceBuilder().layer(retry(policy)).serviceFn(async () => ++attempts);
    expect(await service.call(undefined)).toBe(20_001);
  });
});

describe("signal, deadline and waitUntil", () => {
  test("are passed on to every attempt", async () => {
    const { service, handle } = setUp(rejected());
    const options: CallOptions = { signal: new AbortController().signal, deadline: 1_000, waitUntil: () => {} };
    const call = service.call("hello", options);
    const first = await handle.nextRequest();
    expect(first.options).toEqual(options);
    first.fail(down);
    const second = await handle.nextRequest();
    expect(second.options).toEqual(options);
    second.respond("world");
    await call;
  });

  test("the wait for readiness is told of the request, the signal and the deadline", async () => {
    const asked: unknown[] = [];
    const policy = {
      tryAcquire: () => ({ cancel() {}, finish() {} }),
      acquire: () => Promise.reject(new Error("never")),
    };
    let free = true;
    const { signal } = new AbortController();
    const service = new ServiceBuilder()
      .layer(retry({ decide: ({ number }) => (number === 1 ? { delay: 0, request: "again" } : undefined) }))
      .layer(
        gate(
          {
            ...policy,
            tryAcquire: () => (free ? policy.tryAcquire() : undefined),
            acquire: async (options) => {
              asked.push(options);
              return policy.tryAcquire();
            },
          },
          { name: "gate" },
        ),
      )
      .serviceFn((request: string) => {
        free = false;
        return request;
      });
    const deadline = performance.now() + 100_000;
    expect(await service.call("hello", { signal, deadline })).toBe("again");
    expect(asked).toEqual([{ request: "again", signal, deadline }]);
  });
});

describe("when the caller has a deadline", () => {
  test.each([
    [99, true],
    [100, false],
    [101, false],
  ])("a backoff of %d ms with 100 ms to go is begun: %s", async (delay, begun) => {
    const { clock, service, handle } = setUp(rejected(delay, 1));
    const call = watch(service.call("hello", { deadline: 150 }));
    const { fail } = await handle.nextRequest();
    await clock.advance(50);
    fail(down);
    await clock.advance(0);
    expect(call).toEqual(begun ? { state: "pending", value: undefined } : { state: "rejected", value: down });
    expect(clock.pending).toBe(begun ? 1 : 0);
  });

  test("one further off than a timer can be set is refused before the first attempt", async () => {
    const { service, handle } = setUp(rejected());
    await expect(service.call("hello", { deadline: 2 ** 31 })).rejects.toThrow(/^retry: deadline must be .* received/);
    expect(handle).toMatchObject({ calls: 0, reserved: 0, released: 1 });
  });

  test("a response that is not good enough is the answer when there is no time for another", async () => {
    const { service, handle } = setUp({ decide: () => ({ delay: 100 }) });
    const call = service.call("hello", { deadline: 50 });
    (await handle.nextRequest()).respond("so so");
    expect(await call).toBe("so so");
  });
});

describe("promise 5: abort", () => {
  test("an abort ends a backoff at once with its own reason (cockatiel settles 480 ms later, with the failure)", async () => {
    const { clock, layer, service, handle } = setUp(rejected(500));
    const controller = new AbortController();
    const reason = { code: "mine" };
    const call = watch(service.call("hello", { signal: controller.signal }));
    (await handle.nextRequest()).fail(down);
    await clock.advance(20);
    expect(layer.waiting).toBe(1);
    controller.abort(reason);
    expect(clock.pending).toBe(0);
    await clock.advance(0);
    expect(call).toEqual({ state: "rejected", value: reason });
    expect(layer).toMatchObject({ waiting: 0, retries: 0 });
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
    await clock.advance(1_000);
    expect(handle.calls).toBe(1);
  });

  test("so it does when it meets the timer", async () => {
    const { clock, layer, service, handle } = setUp(rejected(500));
    const controller = new AbortController();
    const call = watch(service.call("hello", { signal: controller.signal }));
    (await handle.nextRequest()).fail(down);
    await clock.advance(0);
    void clock.advance(500);
    controller.abort("gone");
    await clock.advance(0);
    expect(call).toEqual({ state: "rejected", value: "gone" });
    expect(handle).toMatchObject({ calls: 1, reserved: 0 });
    expect(layer.waiting).toBe(0);
  });

  test("an abort whose event another listener stopped ends the backoff with the timer, and asks for nothing more", async () => {
    const { clock, layer, service, handle } = setUp(rejected(500));
    const controller = new AbortController();
    controller.signal.addEventListener("abort", (event) => {
      event.stopImmediatePropagation();
    });
    const call = watch(service.call("hello", { signal: controller.signal }));
    (await handle.nextRequest()).fail(down);
    await clock.advance(0);
    controller.abort("gone");
    await clock.advance(500);
    await clock.advance(0);
    expect(call).toEqual({ state: "rejected", value: "gone" });
    expect(handle).toMatchObject({ calls: 1, reserved: 0, released: 0 });
    expect(layer.waiting).toBe(0);
  });

  test("it ends a wait for readiness too", async () => {
    const { clock, service, handle } = setUp(rejected());
    const controller = new AbortController();
    const call = watch(service.call("hello", { signal: controller.signal }));
    handle.allow(0);
    (await handle.nextRequest()).fail(down);
    await clock.advance(0);
    expect(handle.waiting).toBe(1);
    controller.abort("gone");
    expect(handle.waiting).toBe(0);
    await clock.advance(0);
    expect(call).toEqual({ state: "rejected", value: "gone" });
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
  });

  test("a permit that is granted after all is given back", async () => {
    const clock = new VirtualClock();
    const controller = new AbortController();
    const [mock, handle] = mockService<string, string>();
    const inner = stackOf(mock);
    // It aborts while it grants.
    const late = stackService({
      tryReserve: inner.tryReserve,
      reserve: (asker) => {
        controller.abort("gone");
        ask(
          inner,
          { request: asker.request },
          (reservation) => asker.granted(reservation),
          (reason) => asker.failed(reason),
        );
      },
    });
    const service = new ServiceBuilder().layer(retry(rejected(), { clock })).service(late);
    const call = watch(service.call("hello", { signal: controller.signal }));
    (await handle.nextRequest()).fail(down);
    await clock.advance(0);
    expect(call).toEqual({ state: "rejected", value: "gone" });
    expect(handle).toMatchObject({ calls: 1, reserved: 0, released: 1 });
  });

  test("an attempt under way is told, its outcome is the answer, and the policy is not asked", async () => {
    const policy = rejected();
    const decide = vi.spyOn(policy, "decide");
    const { clock, service, handle } = setUp(policy);
    const controller = new AbortController();
    const call = watch(service.call("hello", { signal: controller.signal }));
    const { options, fail } = await handle.nextRequest();
    controller.abort("gone");
    expect(options.signal?.reason).toBe("gone");
    await clock.advance(0);
    expect(call.state).toBe("pending");
    fail(down);
    await clock.advance(0);
    expect(call).toEqual({ state: "rejected", value: down });
    expect(decide).not.toHaveBeenCalled();
  });

  test("a policy that aborts while it is asked begins no backoff", async () => {
    const controller = new AbortController();
    const { clock, service, handle } = setUp({
      decide() {
        controller.abort("enough");
        return { delay: 100 };
      },
    });
    const call = watch(service.call("hello", { signal: controller.signal }));
    (await handle.nextRequest()).fail(down);
    await clock.advance(0);
    expect(call).toEqual({ state: "rejected", value: "enough" });
    expect(clock.pending).toBe(0);
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
  });

  test("a signal that is aborted already is refused and reaches nobody", async () => {
    const { service, handle } = setUp(rejected());
    await expect(service.call("hello", { signal: AbortSignal.abort("gone") })).rejects.toBe("gone");
    expect(handle).toMatchObject({ calls: 0, reserved: 0 });
  });

  test("no listener stays behind when a backoff ends by itself", async () => {
    const { clock, service, handle } = setUp(rejected(100));
    const { signal } = new AbortController();
    const call = service.call("hello", { signal });
    (await handle.nextRequest()).fail(down);
    await clock.advance(0);
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    await clock.advance(100);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
    (await handle.nextRequest()).respond("world");
    await call;
  });
});

describe("promise 3: nothing leaks", () => {
  test("what is released is given back", () => {
    const { service, handle } = setUp(rejected());
    {
      using permit = service.tryReady()!;
      expect(permit).toBeDefined();
    }
    service.tryReady()!.release();
    expect(handle).toMatchObject({ reserved: 0, released: 2 });
  });

  test("a permit is good for one call, with all its attempts (promise 2)", async () => {
    const { service, handle } = setUp(rejected());
    const permit = service.tryReady()!;
    const call = permit.call("hello");
    (await handle.nextRequest()).fail(down);
    await expect(permit.call("again")).rejects.toMatchObject({ code: "ERR_SLUICE_PERMIT_SPENT" });
    (await handle.nextRequest()).respond("world");
    expect(await call).toBe("world");
  });

  test("readiness, and its failures, are those of the service inside (promise 12)", async () => {
    const { service, handle } = setUp(rejected());
    handle.allow(0);
    expect(service.tryReady()).toBeUndefined();
    const ready = service.ready();
    handle.sendFailure(down);
    await expect(ready).rejects.toBe(down);
    handle.allow(1);
    (await service.ready()).release();
  });
});

describe("promise 6: until it settles", () => {
  test("a limit outside is held through all attempts and backoffs, and for what they hand up", async () => {
    const clock = new VirtualClock();
    const semaphore = new Semaphore(1);
    const [inner, handle] = mockService<string, string>();
    const service = new ServiceBuilder()
      .layer(gate(semaphore, { name: "limit" }))
      .layer(retry(rejected(100), { clock }))
      .service(inner);
    const call = service.call("hello");
    const first = await handle.nextRequest();
    let workEnds = (): void => {};
    first.options.waitUntil?.(
      new Promise<void>((resolve) => {
        workEnds = resolve;
      }),
    );
    first.fail(down);
    await clock.advanceAsync(50);
    expect(semaphore.active).toBe(1);
    await clock.advance(50);
    (await handle.nextRequest()).respond("world");
    expect(await call).toBe("world");
    expect(semaphore.active).toBe(1);
    workEnds();
    await clock.advance(0);
    expect(semaphore.active).toBe(0);
  });
});

describe("promise 8: context", () => {
  test("every attempt, and the policy, run in the context of the caller", async () => {
    const clock = new VirtualClock();
    const storage = new AsyncLocalStorage<string>();
    const seen: string[] = [];
    const semaphore = new Semaphore(1);
    const service = new ServiceBuilder()
      .layer(
        retry(
          {
            decide({ number, request }: Attempt<string>) {
              seen.push(`${request}: decided for ${storage.getStore()}`);
              return number < 2 ? { delay: 100 } : undefined;
            },
          },
          { clock },
        ),
      )
      .layer(gate(semaphore, { name: "limit" }))
      .serviceFn(async (request: string) => {
        await Promise.resolve();
        seen.push(`${request}: attempt for ${storage.getStore()}`);
      });
    const calls = ["a", "b"].map((name) => storage.run(name, () => service.call(name)));
    await storage.run("elsewhere", () => clock.advance(0));
    await storage.run("elsewhere", () => clock.advance(100));
    await Promise.all(calls);
    expect(seen).toHaveLength(8);
    for (const line of seen) expect(line).toMatch(/^(a: .* a|b: .* b)$/);
  });
});

describe("promise 11: free where idle", () => {
  test("the work starts in the same turn, and a first answer costs one microtask and no timer", async () => {
    const { clock, service, handle } = setUp(rejected());
    const log: string[] = [];
    const call = service.call("hello").then(() => log.push("answered"));
    expect(handle.calls).toBe(1);
    expect(clock.pending).toBe(0);
    const { respond } = await handle.nextRequest();
    respond("world");
    void Promise.resolve()
      .then(() => log.push("1"))
      .then(() => log.push("2"));
    await call;
    expect(log).toEqual(["1", "answered", "2"]);
  });

  test.each([1, 2])("over a limit, the answer to attempt %d costs no more than without it", async (attempts) => {
    const costs: number[] = [];
    for (const limit of [undefined, gate(new Semaphore(1), { name: "limit" })]) {
      const [inner, handle] = mockService<string, string>();
      const service = new ServiceBuilder().layer(retry(rejected())).layer(limit).service(inner);
      const call = service.call("hello");
      for (let attempt = 1; attempt < attempts; attempt++) (await handle.nextRequest()).fail(down);
      (await handle.nextRequest()).respond("world");
      costs.push(await hops(call));
    }
    expect(costs[1]).toBe(costs[0]);
  });

  test("an ignored failure is reported as unhandled once, a handled one is not", async () => {
    const failing = (policy: RetryPolicy): Service<unknown, never> =>
      new ServiceBuilder().layer(retry(policy)).serviceFn(() => Promise.reject(down));
    const policies = [rejected(0, 0), rejected(0, 2), { ...rejected(), cloneRequest: () => undefined }];
    for (const policy of policies) {
      expect(await unhandledIn(() => void failing(policy).call(undefined))).toEqual([down]);
      expect(
        await unhandledIn(() =>
          failing(policy)
            .call(undefined)
            .catch(() => {}),
        ),
      ).toEqual([]);
    }
  });

  test("a handler that throws is an attempt that was rejected (promise 7)", async () => {
    let attempts = 0;
    const service = new ServiceBuilder().layer(retry(rejected(0, 2))).serviceFn(() => {
      attempts++;
      throw down;
    });
    await expect(service.call(undefined)).rejects.toBe(down);
    expect(attempts).toBe(3);
  });
});

describe("promise 14: bad options are refused at once", () => {
  const good: Policy = { decide: () => undefined };
  test.each<[string, unknown, unknown, string]>([
    [
      "no policy",
      undefined,
      undefined,
      "policy must be a retry policy such as retryPolicy({ maxRetries: 3 }) (with decide); received undefined",
    ],
    [
      "no decide",
      {},
      undefined,
      "policy must be a retry policy such as retryPolicy({ maxRetries: 3 }) (with decide); received an object",
    ],
    ["cloneRequest", { ...good, cloneRequest: 1 }, undefined, "policy.cloneRequest must be a function; received 1"],
    ["start", { ...good, start: {} }, undefined, "policy.start must be a function; received an object"],
    ["timed", { ...good, timed: 1 }, undefined, "policy.timed must be true or false; received 1"],
    [
      "onlyFailures",
      { ...good, onlyFailures: "" },
      undefined,
      'policy.onlyFailures must be true or false; received ""',
    ],
    ["budgeted", { ...good, budgeted: 1 }, undefined, "policy.budgeted must be true or false; received 1"],
    ["options", good, 5, "options must be an object; received 5"],
    ["clock", good, { clock: () => 0 }, "clock must be a clock (with now, setTimeout, clearTimeout)"],
  ])("%s", (_what, policy, options, message) => {
    const make = (): unknown => retry(policy as Policy, options as { clock: Clock });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(`retry: ${message}`);
  });

  test.each(["cloneRequest", "start", "timed", "onlyFailures", "budgeted"])(
    "a getter of %s that throws is named",
    (member) => {
      const cause = new Error("bug");
      const policy = Object.defineProperty({ ...good }, member, {
        get() {
          throw cause;
        },
      });
      expect(() => retry(policy)).toThrow(
        expect.objectContaining({
          message: `retry: policy.${member} could not be read; received a getter that throws`,
          cause,
        }),
      );
    },
  );

  test("its name is that of the function", () => {
    expect(new ServiceBuilder().layer(retry(good)).describe()).toEqual(["retry"]);
  });
});

describe("a timer of the process that fires before its time", () => {
  /** The system's clock, as in Node.js: its timers are of whole milliseconds, which begin with the millisecond in which they are set. */
  function waiting(delay: number) {
    const time = new VirtualClock();
    vi.spyOn(systemClock, "now").mockImplementation(() => time.now());
    vi.spyOn(systemClock, "setTimeout").mockImplementation((run, ms) =>
      time.setTimeout(run, Math.max(Math.trunc(ms), 1) - (time.now() % 1)),
    );
    vi.spyOn(systemClock, "clearTimeout").mockImplementation((timer) => time.clearTimeout(timer));
    const layer = retry({ decide: ({ number }: Attempt) => (number === 1 ? { delay } : undefined) });
    const times: number[] = [];
    const service = new ServiceBuilder().layer(layer).serviceFn(() => {
      times.push(time.now());
      return Promise.reject(down);
    });
    return { time, layer, service, times };
  }

  afterEach(() => {
    vi.restoreAllMocks();
  });

  test.each([
    [10.75, 12],
    [10, 11],
    [3, 4],
    [0.25, 1],
  ])("does not shorten a wait of %d ms", async (delay, until) => {
    const { time, layer, service, times } = waiting(delay);
    await time.advanceAsync(0.5);
    const call = watch(service.call("hello"));
    await time.advanceAsync(20);
    expect(times).toEqual([0.5, until]);
    expect(until).toBeGreaterThanOrEqual(0.5 + delay);
    expect([call.state, layer.waiting]).toEqual(["rejected", 0]);
  });

  test("leaves none behind when the caller aborts in what is left", async () => {
    const { time, layer, service, times } = waiting(10.75);
    await time.advanceAsync(0.5);
    const controller = new AbortController();
    const call = watch(service.call("hello", { signal: controller.signal }));
    await time.advanceAsync(9.5);
    expect(layer.waiting).toBe(1);
    const reason = new Error("gone");
    controller.abort(reason);
    await time.advanceAsync(0);
    expect(call).toEqual({ state: "rejected", value: reason });
    expect([times, layer.waiting, time.pending]).toEqual([[0.5], 0, 0]);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });

  test.each([0.5, 1, 2, 1_000])("is believed where the clock stands still: %d ms", async (delay) => {
    const { time, service, times } = waiting(delay);
    vi.spyOn(systemClock, "now").mockReturnValue(7);
    const call = watch(service.call("hello"));
    await time.advanceAsync(Math.max(delay, 1));
    expect(times).toHaveLength(2);
    expect(call.state).toBe("rejected");
  });
});
