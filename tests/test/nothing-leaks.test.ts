import { type AnyLayer, isOverloadedError } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { mockService, VirtualClock } from "@sluice/testing";
import { isTimeoutError } from "@sluice/timeout";
import { describe, expect, test } from "vitest";
import { eachLayer } from "./helper/each-layer.ts";
import { type Gateway, gateway, leftIn, stacks, transient } from "./helper/gateway.ts";
import { permitOf, stacked } from "./helper/stacked.ts";
import { turn } from "@sluice/test-kit";
import { watchedAbort } from "./helper/watched-abort.ts";

const failure = new Error("the work failed");

/** Each path of a reservation. At its end nothing may be left. */
const paths: Record<string, (gateway: Gateway) => Promise<void>> = {
  async released({ service }) {
    const permit = permitOf(service, "a");
    permit.release();
    permit.release();
    {
      using granted = await service.ready();
      void granted;
    }
  },
  async resolved({ service, handle }) {
    const answer = service.call("a");
    (await handle.nextRequest()).respond("A");
    expect(await answer).toBe("A");
  },
  async rejected({ service, handle }) {
    const answer = service.call("a");
    (await handle.nextRequest()).fail(failure);
    await expect(answer).rejects.toBe(failure);
  },
  async "tried again until it was given up"({ service, handle, clock }) {
    const answer = service.call("a");
    const last = transient();
    (await handle.nextRequest()).fail(transient());
    await clock.advanceAsync(10);
    (await handle.nextRequest()).fail(transient());
    await clock.advanceAsync(10);
    (await handle.nextRequest()).fail(last);
    await expect(answer).rejects.toBe(last);
  },
  async "thrown where readiness is asked for"({ service, handle, clock }) {
    handle.sendFailure(failure);
    await expect(service.call("a")).rejects.toBe(failure);
    handle.sendFailure(failure);
    const permit = service.ready({ request: "a" });
    // Layers that absorb readiness fail in the call.
    await expect(permit.then((granted) => granted.call("a"))).rejects.toBe(failure);
    await clock.advance(0);
  },
  async "refused further in"({ service, handle, clock }) {
    const { calls } = handle;
    handle.allow(0);
    const ended = Promise.allSettled([service.tryReady("a")?.call("a")]);
    await clock.advance(0);
    // A buffer waits; the others have refused.
    handle.allow(1);
    await clock.advance(0);
    if (handle.calls > calls) (await handle.nextRequest()).respond("A");
    await ended;
    handle.allow(Number.POSITIVE_INFINITY);
  },
  async "readiness failed while it was waited for"({ service, handle, clock }) {
    handle.allow(0);
    const answer = service.call("a").catch((error: unknown) => error);
    await clock.advance(0);
    const waited = handle.waiting > 0;
    if (waited) handle.sendFailure(failure);
    expect(await answer).toSatisfy((error: unknown) => (waited ? error === failure : isOverloadedError(error)));
    handle.allow(Number.POSITIVE_INFINITY);
  },
  async "aborted while waiting"({ service, handle, clock }) {
    handle.allow(0);
    const abort = watchedAbort();
    const ended = Promise.allSettled([
      service.call("a", { signal: abort.signal }),
      service.ready({ request: "b", signal: abort.signal }).then((permit) => permit.release()),
      service.ready({ signal: abort.signal }).then((permit) => permit.release()),
    ]);
    await clock.advance(1);
    abort.abort(failure);
    await ended;
    await clock.advance(0);
    expect(abort.listening).toBe(0);
    handle.allow(Number.POSITIVE_INFINITY);
  },
  async "aborted in the turn of the grant"({ service, handle, clock }) {
    const { calls } = handle;
    handle.allow(0);
    const abort = watchedAbort();
    const ended = Promise.allSettled([service.call("a", { signal: abort.signal })]);
    await clock.advance(1);
    handle.allow(1);
    abort.abort(failure);
    await ended;
    await clock.advance(0);
    expect(handle.calls).toBe(calls);
    handle.allow(Number.POSITIVE_INFINITY);
  },
  async "aborted in flight"({ service, handle }) {
    const abort = watchedAbort();
    const answer = service.call("a", { signal: abort.signal });
    const { fail, options } = await handle.nextRequest();
    abort.abort(failure);
    fail(options.signal?.reason);
    await expect(answer).rejects.toBe(failure);
  },
  async "aborted in a backoff"({ service, handle, clock }) {
    const abort = watchedAbort();
    const answer = service.call("a", { signal: abort.signal });
    (await handle.nextRequest()).fail(transient());
    await clock.advanceAsync(5);
    abort.abort(failure);
    await expect(answer).rejects.toBe(failure);
  },
  async "given up on in time, waiting"({ service, handle, clock }) {
    handle.allow(0);
    const answer = service.call("a").catch((error: unknown) => error);
    await clock.advance(1_000);
    expect(await answer).toSatisfy((error: unknown) => isTimeoutError(error) || isOverloadedError(error));
    handle.allow(Number.POSITIVE_INFINITY);
  },
  async "given up on in time, in flight"({ service, handle, clock }) {
    const answer = service.call("a").catch((error: unknown) => error);
    const { respond } = await handle.nextRequest();
    await clock.advance(1_000);
    expect(await answer).toSatisfy(isTimeoutError);
    respond("too late");
  },
  async "past its deadline"({ service, handle, clock }) {
    await clock.advance(10);
    const calls = handle.calls;
    await expect(service.call("a", { deadline: clock.now() })).rejects.toSatisfy(isTimeoutError);
    expect(handle.calls).toBe(calls);
  },
  async "called with options that cannot be read"({ service }) {
    const options = {
      get signal(): AbortSignal {
        throw failure;
      },
    };
    await expect(service.call("a", options)).rejects.toBe(failure);
    await expect(permitOf(service, "a").call("a", options)).rejects.toBe(failure);
  },
};

describe.each(Object.keys(stacks))("promise 3: nothing leaks from %s", (stack) => {
  test.each(Object.entries(paths))("when a reservation is %s", async (_path, go) => {
    const each = gateway(stack);
    expect(leftIn(each)).toEqual([]);
    for (let round = 0; round < 3; round++) {
      await go(each);
      await turn();
      await each.clock.advance(0);
      expect(leftIn(each)).toEqual([]);
    }
  });

  test("when all of it happens, one after the other, and at once", async () => {
    const each = gateway(stack);
    for (const go of Object.values(paths)) await go(each);
    await each.clock.advance(0);
    expect(leftIn(each)).toEqual([]);
    const aborts = Array.from({ length: 12 }, () => watchedAbort());
    const calls = aborts.map(({ signal }, nth) => each.service.call(`${nth}`, { signal }));
    for (const abort of aborts.slice(3, 9)) abort.abort(failure);
    while (each.handle.active > 0) {
      (await each.handle.nextRequest()).respond("ok");
      await each.clock.advance(0);
    }
    await Promise.allSettled(calls);
    await turn();
    expect(leftIn(each)).toEqual([]);
    expect(aborts.map(({ listening }) => listening)).toEqual(aborts.map(() => 0));
  });
});

const pairs = Object.keys(eachLayer).flatMap((outer) => Object.keys(eachLayer).map((inner) => [outer, inner] as const));

test("promise 3: one layer inside another, each in each: the limits around them have all back", async () => {
  for (const [outer, inner] of pairs) {
    const clock = new VirtualClock();
    const [service, handle] = mockService<string, string>();
    const [around, within] = [concurrencyLimit(3), concurrencyLimit(3)];
    const layers: AnyLayer[] = [around, eachLayer[outer]!(clock), within, eachLayer[inner]!(clock)];
    const stack = stacked(layers, service);
    const abort = watchedAbort();
    permitOf(stack, "released").release();
    const answers = [stack.call("a"), stack.call("b", { signal: abort.signal })];
    await turn();
    (await handle.nextRequest()).respond("A");
    abort.abort(failure);
    (await handle.nextRequest()).fail(failure);
    const [a, b] = await Promise.allSettled(answers);
    await clock.advance(0);
    expect([outer, inner, a?.status, b?.status]).toEqual([outer, inner, "fulfilled", "rejected"]);
    const left = [around.active, within.active, handle.reserved, handle.active, handle.waiting, abort.listening];
    expect([outer, inner, ...left, clock.pending]).toEqual([outer, inner, 0, 0, 0, 0, 0, 0, 0]);
  }
});
