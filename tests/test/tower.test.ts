import { buffer, isBufferClosedError } from "@sluice/buffer";
import { isOverloadedError, type Service, serviceFn } from "@sluice/core";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import { exponentialBackoff, retry, retryPolicy } from "@sluice/retry";
import { mockService, VirtualClock } from "@sluice/testing";
import { timeout } from "@sluice/timeout";
import { currentRequestId, trace } from "@sluice/trace";
import { andThen, callAll } from "@sluice/util";
import { routingTable } from "@sluice/util-box";
import { describe, expect, test } from "vitest";
import { permitOf, stacked } from "./helper/stacked.ts";
import { turn } from "@sluice/test-kit";
import { Workshop } from "./helper/workshop.ts";

// Guarantees of tower's tests that several of our packages keep together. Titles have the names of its tests.

const atOnce = exponentialBackoff({ base: 0, max: 0 });

describe("promise 1: limits, under all that may stand around them", () => {
  function world() {
    const clock = new VirtualClock();
    const workshop = new Workshop();
    const limit = concurrencyLimit(1, { clock });
    const layers = [trace({ clock }), timeout({ total: 100, clock }), retry(retryPolicy({ maxRetries: 0 })), limit];
    return { clock, workshop, limit, service: stacked(layers, workshop.service) };
  }

  test("reserve_capacity_without_sending_request: a reservation takes the slot, until the response", async () => {
    const { service, workshop, limit } = world();
    const permit = permitOf(service);
    expect(service.tryReady()).toBeUndefined();
    const answer = permit.call("a");
    expect(service.tryReady()).toBeUndefined();
    workshop.of("a").finish();
    await answer;
    expect(limit.available).toBe(1);
  });

  test("service_drop_frees_capacity: so does giving it back", () => {
    const { service } = world();
    {
      using permit = permitOf(service);
      void permit;
      expect(service.tryReady()).toBeUndefined();
    }
    expect(service.tryReady()).toBeDefined();
  });

  test("response_error_releases_capacity, response_future_drop_releases_capacity", async () => {
    const { service, workshop, limit } = world();
    const failed = service.call("a");
    workshop.of("a").fail(new Error("no"));
    await expect(failed).rejects.toThrow("no");
    expect(limit.available).toBe(1);
    const controller = new AbortController();
    const dropped = service.call("b", { signal: controller.signal });
    controller.abort("dropped");
    workshop.of("b").fail("stopped");
    await expect(dropped).rejects.toBe("stopped");
    expect(limit.available).toBe(1);
  });

  test("multi_waiters: one is woken, and when it is dropped then, the next one", async () => {
    const { service, workshop } = world();
    void service.call("a");
    const controllers = [new AbortController(), new AbortController()];
    const permits = controllers.map(({ signal }) => service.ready({ signal }));
    workshop.of("a").finish();
    const first = await permits[0];
    first?.release();
    const second = await permits[1];
    expect(service.tryReady()).toBeUndefined();
    second?.release();
    expect(service.tryReady()).toBeDefined();
  });

  test("request_without_capacity: a limit of 0 waits, until it is raised", async () => {
    const { service, limit, workshop } = world();
    limit.max = 0;
    const answer = service.call("a");
    expect([limit.waiting, workshop.begun]).toEqual([1, []]);
    limit.max = 1;
    await turn();
    workshop.of("a").finish();
    expect(await answer).toBe("A");
  });

  test("remaining_gets_reset: a rate that was idle has its whole quota, inside what retries and times out", async () => {
    const clock = new VirtualClock();
    const rate = rateLimit({ limit: 3, interval: 100, clock });
    const service = stacked(
      [timeout({ ready: 1_000, clock }), retry(retryPolicy({ maxRetries: 1 }), { clock }), rate],
      serviceFn((request: string) => request),
    );
    await service.call("a");
    await clock.advance(150);
    expect(rate.available).toBe(3);
    await Promise.all(["b", "c", "d"].map((request) => service.call(request)));
    expect(service.tryReady()).toBeUndefined();
  });
});

describe("shedding and buffering", () => {
  test("when_not_ready: it sheds at the call, and asks once", async () => {
    const [inner, handle] = mockService<string, string>();
    const service = stacked([loadShed(), concurrencyLimit(1), timeout(1_000)], inner);
    handle.allow(1);
    const [first, second] = [permitOf(service), permitOf(service)];
    await expect(second.call("b")).rejects.toSatisfy(isOverloadedError);
    const answer = first.call("a");
    (await handle.nextRequest()).respond("A");
    expect(await answer).toBe("A");
    expect([handle.waiting, handle.calls]).toEqual([0, 1]);
  });

  test("clears_canceled_requests, doesnt_leak_permits: of what is dropped in the queue nothing is left", async () => {
    const queue = buffer({ capacity: 2 });
    const workshop = new Workshop();
    const service = stacked([queue, concurrencyLimit(1)], workshop.service);
    void service.call("a");
    for (let round = 0; round < 10; round++) {
      const controller = new AbortController();
      const dropped = service.call("dropped", { signal: controller.signal });
      controller.abort("dropped");
      await expect(dropped).rejects.toBe("dropped");
    }
    expect([queue.available, queue.queued]).toEqual([2, 0]);
    workshop.of("a").finish();
    await turn();
    expect(workshop.begun).toEqual(["a"]);
  });

  test("wakes_pending_waiters_on_close: those in line for a slot, those in the queue, and permits in hand", async () => {
    const queue = buffer({ capacity: 2 });
    const workshop = new Workshop();
    const limit = concurrencyLimit(9);
    const service = stacked([limit, timeout(1_000), queue, concurrencyLimit(1)], workshop.service);
    const running = service.call("a");
    const queued = service.call("b");
    const permit = permitOf(service);
    const inLine = service.call("c");
    queue.close();
    for (const each of [queued, permit.call("d"), inLine, service.call("e")]) {
      await expect(each).rejects.toSatisfy(isBufferClosedError);
    }
    workshop.of("a").finish();
    expect(await running).toBe("A");
    await turn();
    expect([limit.active, workshop.begun]).toEqual([0, ["a"]]);
  });

  test("propagates_trace_spans: through a buffer, to the work of each", async () => {
    let ids = 0;
    const service = stacked(
      [trace({ generateId: () => `${ids++}` }), buffer({ capacity: 5 }), concurrencyLimit(1)],
      serviceFn(async (request: string) => {
        await turn();
        return `${request}${currentRequestId()}`;
      }),
    );
    expect(await Promise.all(["a", "b", "c"].map((request) => service.call(request)))).toEqual(["a0", "b1", "c2"]);
  });
});

describe("retry, over what is not always ready", () => {
  test("readiness is asked for again after the backoff, in line with the others", async () => {
    const clock = new VirtualClock();
    const workshop = new Workshop();
    const backoff = exponentialBackoff({ base: 10, max: 10, jitter: "none" });
    const service = stacked(
      [retry(retryPolicy({ maxRetries: 1, backoff }), { clock }), concurrencyLimit(1)],
      workshop.service,
    );
    const first = service.call("first");
    workshop.of("first").fail(new Error("again"));
    await clock.advance(0);
    for (const request of ["second", "third"]) void service.call(request);
    await clock.advance(10);
    expect(workshop.begun).toEqual(["first", "second"]);
    workshop.of("second").finish();
    await clock.advance(0);
    workshop.of("third").finish();
    await clock.advance(0);
    workshop.of("first").finish();
    expect(await first).toBe("FIRST");
    expect(workshop.begun).toEqual(["first", "second", "third", "first"]);
  });

  test("retry_cannot_clone_request: it is sent once, and the policy is not asked", async () => {
    let asked = 0;
    const policy = {
      cloneRequest: () => undefined,
      decide: () => {
        asked++;
        return { delay: 0 };
      },
    };
    const workshop = new Workshop();
    const service = stacked([timeout(1_000), retry(policy), concurrencyLimit(1)], workshop.service);
    const answer = service.call("a");
    workshop.of("a").fail(new Error("once"));
    await expect(answer).rejects.toThrow("once");
    expect([asked, workshop.begun]).toEqual([0, ["a"]]);
  });

  test("state is each request's own, however they interleave", async () => {
    const attempts: string[] = [];
    const policy = {
      start: (request: string) => request,
      decide: ({
        number,
        request,
        state,
      }: {
        readonly number: number;
        readonly request: string;
        readonly state: string;
      }) => {
        attempts.push(`${state}${number}`);
        return number < 3 ? { delay: 0, request, state: `${state}+` } : undefined;
      },
    };
    const service = stacked(
      [retry(policy), concurrencyLimit(1)],
      serviceFn(async (_request: string): Promise<string> => {
        await turn();
        throw new Error("again");
      }),
    );
    await Promise.allSettled(["a", "b"].map((request) => service.call(request)));
    expect(attempts.filter((each) => each.startsWith("a"))).toEqual(["a1", "a+2", "a++3"]);
    expect(attempts.filter((each) => each.startsWith("b"))).toEqual(["b1", "b+2", "b++3"]);
  });
});

describe("call_all, over real limits", () => {
  test("stream_does_not_block_service: as many run as the limit lets in, and others get their turn", async () => {
    const workshop = new Workshop();
    const limit = concurrencyLimit(2);
    const service = stacked([timeout(10_000), limit], workshop.service);
    const collected: string[] = [];
    const all = (async () => {
      for await (const each of callAll(service, ["1", "2", "3", "4"])) collected.push(each);
    })();
    await turn();
    expect(workshop.begun).toEqual(["1", "2"]);
    const other = service.call("other");
    for (let round = 0; round < 10; round++) {
      workshop.running[0]?.finish();
      await turn();
    }
    await all;
    expect(await other).toBe("OTHER");
    expect([workshop.most, collected, limit.active]).toEqual([2, ["1", "2", "3", "4"], 0]);
  });

  test("poll_ready_error: what is in flight is yielded, then it is thrown", async () => {
    const queue = buffer({ capacity: 1 });
    const workshop = new Workshop();
    const service = stacked([queue, concurrencyLimit(2)], workshop.service);
    const collected: string[] = [];
    const all = (async () => {
      for await (const each of callAll(service, ["1", "2", "3", "4"], { ordered: false })) collected.push(each);
    })();
    const ended = all.catch((error: unknown) => error);
    await turn();
    queue.close();
    for (const each of ["2", "1"]) workshop.of(each).finish();
    expect(await ended).toSatisfy(isBufferClosedError);
    expect(collected).toEqual(["2", "1"]);
  });

  test("over a routing table each request reserves its own route", async () => {
    const workshop = new Workshop();
    const route = (): Service<string, string> => stacked([concurrencyLimit(1)], workshop.service);
    const routes = new Map([
      ["a", route()],
      ["b", route()],
    ]);
    const table = routingTable({ key: (request: string) => request[0] ?? "", routes });
    const iterator = callAll(table, ["a1", "b1", "a2"]);
    const first = iterator.next();
    await turn();
    expect(workshop.begun).toEqual(["a1", "b1"]);
    workshop.of("a1").finish();
    expect((await first).value).toBe("A1");
    await iterator.return();
  });
});

describe("and_then, around what asks again", () => {
  // A deadlock: one caller holds the second service, in a backoff of the first; the other holds the first, in line for the second.
  const world = (reserve: "both" | "late") => {
    const workshop = new Workshop();
    const second = stacked(
      [concurrencyLimit(1)],
      serviceFn((request: string) => request),
    );
    const service = stacked(
      [andThen(second, { reserve }), retry(retryPolicy({ maxRetries: 1, backoff: atOnce })), concurrencyLimit(1)],
      workshop.service,
    );
    return { workshop, service };
  };

  test("with both reserved, a retry inside the first may wait for one who waits for the second: an abort ends it", async () => {
    const { workshop, service } = world("both");
    const first = service.call("a");
    const controller = new AbortController();
    const second = service.call("b", { signal: controller.signal });
    workshop.of("a").fail(new Error("again"));
    await turn();
    expect(workshop.running).toEqual([]);
    controller.abort("enough");
    await expect(second).rejects.toBe("enough");
    await turn();
    workshop.of("a").finish();
    expect(await first).toBe("A");
  });

  test("with late reservation it does not", async () => {
    const { workshop, service } = world("late");
    const first = service.call("a");
    const second = service.call("b");
    workshop.of("a").fail(new Error("again"));
    for (const request of ["b", "a"]) {
      await turn();
      workshop.of(request).finish();
    }
    expect(await Promise.all([first, second])).toEqual(["A", "B"]);
  });
});
