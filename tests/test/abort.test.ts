import { EventEmitter, once } from "node:events";
import { buffer } from "@sluice/buffer";
import { type AnyLayer, type AnyService, type CallOptions, serviceFn } from "@sluice/core";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { reconnect } from "@sluice/reconnect";
import { exponentialBackoff, retry, retryPolicy } from "@sluice/retry";
import { mockService, VirtualClock } from "@sluice/testing";
import { timeout } from "@sluice/timeout";
import { trace } from "@sluice/trace";
import { fallback, mapFailure, mapResult, recover } from "@sluice/util";
import { describe, expect, test } from "vitest";
import { eachLayer } from "./helper/each-layer.ts";
import { gateway, leftIn, stacks } from "./helper/gateway.ts";
import { permitOf, stacked } from "./helper/stacked.ts";
import { turn } from "@sluice/test-kit";
import { watchedAbort } from "./helper/watched-abort.ts";
import { Workshop } from "./helper/workshop.ts";

// Not an error, and of a type that no layer knows.
const reason = { why: "the caller left" };
const again = () =>
  retryPolicy({ maxRetries: 1, backoff: exponentialBackoff({ base: 100, max: 100, jitter: "none" }) });

interface Waiting {
  readonly layers: (clock: VirtualClock) => AnyLayer[];
  /** Requests that block the caller. */
  readonly before: readonly string[];
}

/** Where a caller can wait. */
const queues: Record<string, Waiting> = {
  "for a slot": { layers: () => [concurrencyLimit(1)], before: ["x"] },
  "for a slot, under timeouts": {
    layers: (clock) => [timeout({ total: 1_000, clock }), concurrencyLimit(1), timeout({ ready: 1_000, clock })],
    before: ["x"],
  },
  "for a slot far in": {
    layers: (clock) => [trace({ clock }), concurrencyLimit(5), timeout({ ready: 500, clock }), concurrencyLimit(1)],
    before: ["x"],
  },
  "for a rate": { layers: (clock) => [rateLimit({ limit: 1, interval: 100, clock })], before: ["x"] },
  "for a rate, under a timeout": {
    layers: (clock) => [timeout({ ready: 1_000, clock }), rateLimit({ limit: 1, interval: 100, clock })],
    before: ["x"],
  },
  "in a buffer, as the first": { layers: () => [buffer({ capacity: 3 }), concurrencyLimit(1)], before: ["x"] },
  "in a buffer, behind others": { layers: () => [buffer({ capacity: 9 }), concurrencyLimit(1)], before: ["x", "y"] },
  "for a slot of a buffer": { layers: () => [buffer({ capacity: 1 }), concurrencyLimit(1)], before: ["x", "y"] },
  "in a buffer under a timeout": {
    layers: (clock) => [timeout({ call: 1_000, clock }), buffer({ capacity: 3 }), concurrencyLimit(1)],
    before: ["x"],
  },
};

describe.each(Object.entries(queues))("promise 5: who waits %s and aborts", (_name, { layers, before }) => {
  function world() {
    const clock = new VirtualClock();
    const workshop = new Workshop();
    const built = layers(clock);
    return { clock, workshop, built, service: stacked(built, workshop.service) };
  }
  // The first caller in a buffer also waits in the inner line.
  const waiting = (built: readonly AnyLayer[]): number => {
    const buffers = built.filter(({ name }) => name === "buffer");
    const counted = buffers.length > 0 ? buffers : built;
    return counted.reduce((sum, layer) => sum + sumOf(layer, ["waiting", "queued"]), 0);
  };

  test("leaves in that turn, with the reason itself, and is never started", async () => {
    const { clock, workshop, built, service } = world();
    for (const request of before) void service.call(request);
    const behind = waiting(built);
    const abort = watchedAbort();
    const answers = [service.call("a", { signal: abort.signal }), service.call("b", { signal: abort.signal })];
    const other = service.call("z");
    expect(waiting(built)).toBe(behind + 3);
    const settled = Promise.allSettled(answers);
    abort.abort(reason);
    expect(waiting(built)).toBe(behind + 1);
    for (const each of await settled) expect(each.status === "rejected" && each.reason).toBe(reason);
    // The line continues without them.
    for (let round = 0; round < 5; round++) {
      workshop.running[0]?.finish();
      await clock.advance(100);
    }
    expect(await other).toBe("Z");
    expect(workshop.begun).toEqual([...before, "z"]);
    expect([abort.listening, clock.pending, waiting(built)]).toEqual([0, 0, 0]);
  });

  test("in the turn of the grant: one of the two wins, and nothing is lost", async () => {
    const { clock, workshop, service } = world();
    for (const request of before) void service.call(request);
    const abort = watchedAbort();
    const answer = service.call("a", { signal: abort.signal });
    const next = service.call("z");
    const outcome = Promise.allSettled([answer]);
    for (let round = 0; round < 5 && !abort.signal.aborted; round++) {
      if (workshop.begun.length === before.length && workshop.running.length < 2) {
        workshop.running[0]?.finish();
        void clock.advance(100);
        abort.abort(reason);
      } else {
        workshop.running[0]?.finish();
        await clock.advance(100);
      }
    }
    for (let round = 0; round < 5; round++) {
      await clock.advance(100);
      workshop.running[0]?.finish();
    }
    expect(await next).toBe("Z");
    const [ended] = await outcome;
    // A refused call was not started; a started call has the answer of the work.
    expect(ended).toEqual(
      workshop.begun.includes("a") ? { status: "fulfilled", value: "A" } : { status: "rejected", reason },
    );
    await clock.advance(0);
    expect([abort.listening, clock.pending]).toEqual([0, 0]);
  });
});

function sumOf(layer: AnyLayer, counters: readonly string[]): number {
  const values = layer as unknown as Readonly<Record<string, number | undefined>>;
  return counters.reduce((sum, counter) => sum + (values[counter] ?? 0), 0);
}

describe.each(Object.keys(stacks))("promise 5: in %s", (stack) => {
  test("a signal aborted already is refused at once, and reaches nobody", async () => {
    const each = gateway(stack);
    const signal = AbortSignal.abort(reason);
    const permit = permitOf(each.service, "a");
    await expect(each.service.call("a", { signal })).rejects.toBe(reason);
    await expect(each.service.ready({ request: "a", signal })).rejects.toBe(reason);
    await expect(permit.call("a", { signal })).rejects.toBe(reason);
    expect(each.handle.calls).toBe(0);
    expect(leftIn(each)).toEqual([]);
  });

  test("a signal aborted in flight reaches the work, and the call ends as the work does", async () => {
    const each = gateway(stack);
    const abort = watchedAbort();
    const answer = each.service.call("a", { signal: abort.signal });
    const work = await each.handle.nextRequest();
    abort.abort(reason);
    expect(work.options.signal?.reason).toBe(reason);
    await each.clock.advance(5_000);
    expect(each.handle.active).toBe(1);
    work.respond("all the same");
    expect(await answer).toBe("all the same");
    await turn();
    expect(leftIn(each)).toEqual([]);
  });
});

describe("an abort as functions of Node.js reject with it, an AbortError with the reason as its cause", () => {
  const work = async (_request: string, { signal }: CallOptions): Promise<string> =>
    String(await once(new EventEmitter(), "never", signal === undefined ? {} : { signal }));

  test.each<[name: string, around: (inner: AnyService) => AnyService]>([
    [
      "recover",
      (inner) =>
        recover(
          (error): error is Error => error instanceof Error,
          () => "",
        ).wrap(inner),
    ],
    ["mapFailure", (inner) => mapFailure(() => new Error("mapped")).wrap(inner)],
    ["mapResult", (inner) => mapResult(() => ({ status: "fulfilled", value: "" })).wrap(inner)],
  ])("%s passes it on", async (_name, around) => {
    const caller = new AbortController();
    const call = around(serviceFn(work)).call("a" as never, { signal: caller.signal });
    caller.abort(reason);
    await expect(call).rejects.toMatchObject({ name: "AbortError", cause: reason });
  });

  test("fallback asks nobody else, and rejects with the reason itself", async () => {
    let asked = 0;
    const count = (): boolean => ++asked > 0;
    const service = fallback({ to: serviceFn(() => String(count())), when: count }).wrap(serviceFn(work));
    const caller = new AbortController();
    const call = service.call("a", { signal: caller.signal });
    caller.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect(asked).toBe(0);
  });

  test("reconnect does not take it for a connection that broke", async () => {
    const judged: unknown[] = [];
    const db = reconnect(() => serviceFn(work), { isBroken: (failure) => judged.push(failure) > 0 });
    (await db.ready()).release();
    const caller = new AbortController();
    const call = db.call("a", { signal: caller.signal });
    caller.abort(reason);
    await expect(call).rejects.toMatchObject({ name: "AbortError" });
    expect([judged, db.state, db.breaks]).toEqual([[], "connected", 0]);
  });
});

describe("promise 5: a backoff", () => {
  test.each([
    ["alone", (_clock: VirtualClock): AnyLayer[] => []],
    [
      "under a limit, a buffer and a timeout",
      (clock: VirtualClock) => [concurrencyLimit(1), buffer({ capacity: 1 }), timeout({ total: 1_000, clock })],
    ],
  ])("%s ends at once", async (_name, around) => {
    const clock = new VirtualClock();
    const [inner, handle] = mockService<string, string>();
    const retries = retry(again(), { clock });
    const service = stacked([...around(clock), retries], inner);
    const abort = watchedAbort();
    const answer = service.call("a", { signal: abort.signal });
    (await handle.nextRequest()).fail(new Error("once more"));
    await clock.advanceAsync(20);
    expect(retries.waiting).toBe(1);
    abort.abort(reason);
    expect(retries.waiting).toBe(0);
    await expect(answer).rejects.toBe(reason);
    await clock.advance(0);
    expect([clock.pending, abort.listening, handle.calls]).toEqual([0, 0, 1]);
  });
});

test.each(Object.entries(eachLayer))("promise 5: %s passes signal, deadline and waitUntil on", async (_name, make) => {
  const clock = new VirtualClock();
  const seen: CallOptions[] = [];
  const service = stacked(
    [make(clock)],
    serviceFn((request: string, options) => {
      seen.push(options);
      return request;
    }),
  );
  const abort = watchedAbort();
  const handed: unknown[] = [];
  const given = { signal: abort.signal, deadline: 50, waitUntil: (work: Promise<unknown>) => handed.push(work) };
  await service.call("a", given);
  await permitOf(service).call("a", given);
  await (await service.ready({ request: "a" })).call("a", given);
  expect(seen).toHaveLength(3);
  for (const options of seen) {
    expect(options.deadline).toBe(50);
    expect(options.signal).toBeInstanceOf(AbortSignal);
    // Spreadable: nothing is lost with the prototype.
    const { waitUntil } = { ...options };
    const work = Promise.resolve();
    const before = handed.length;
    waitUntil?.(work);
    expect(handed.slice(before)).toEqual([work]);
  }
  await turn();
  expect([abort.listening, clock.pending]).toEqual([0, 0]);
});
