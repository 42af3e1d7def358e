import { type Gate, gate, isPermitSpentError, type Service, ServiceBuilder } from "@sluice/core";
import { type Reservation, stackOf } from "@sluice/core/internal";
import { callLayer } from "@sluice/core/kit";
import { collectGarbage, deferred, turn, unhandledIn } from "@sluice/test-kit";
import { describe, expect, test } from "vitest";
import { meter } from "../src/index.ts";
import { atHand } from "./helper/at-hand.ts";
import { expectToAddUp, gauges } from "./helper/sums.ts";

function metered() {
  const seen = meter("used again");
  const { running, service: leaf } = atHand();
  const service: Service<string, string> = new ServiceBuilder().layer(seen).service(leaf);
  const grant = (): Reservation => stackOf(service).tryReserve("a")!;
  return { seen, running, service, grant };
}

describe("what counts a call is used again", () => {
  test("after a call, after one that failed, and after a permit that was given back", async () => {
    const { running, grant } = metered();
    const first = grant();
    void first.start("a", {});
    running[0]!.resolve("A");
    await turn();
    const second = grant();
    expect(second).toBe(first);
    second.start("a", {}).catch(() => {});
    running[1]!.reject(new Error("down"));
    await turn();
    const third = grant();
    expect(third).toBe(first);
    third.cancel();
    expect(grant()).toBe(first);
  });

  test("but not for two at once, nor while work of the call goes on", async () => {
    const { seen, running, grant } = metered();
    const first = grant();
    expect(grant()).not.toBe(first);
    void first.start("a", {});
    const work = deferred();
    running[0]!.options.waitUntil!(work.promise);
    running[0]!.resolve("A");
    await turn();
    expect(seen.abandoned).toBe(1);
    expect(grant()).not.toBe(first);
    work.resolve();
    await turn();
    expect(seen.abandoned).toBe(0);
    expect(grant()).toBe(first);
  });

  test("what a rush needed is not kept for ever", () => {
    const { seen, grant } = metered();
    const rush = Array.from({ length: 1_001 }, grant);
    for (const each of rush) each.cancel();
    const later = new Set(Array.from({ length: 1_001 }, grant));
    expect(rush.filter((each) => later.has(each))).toHaveLength(1_000);
    expect(seen).toMatchObject({ reserved: 1_001, released: 1_001, granted: 2_002 });
  });

  test("with the signal of its own caller alone", async () => {
    const { seen, running, service } = metered();
    const caller = new AbortController();
    const first = service.call("a", { signal: caller.signal });
    running[0]!.resolve("A");
    await first;
    const reason = new Error("gone");
    caller.abort(reason);
    const second = service.call("a");
    running[1]!.reject(reason);
    await expect(second).rejects.toBe(reason);
    // The second has no signal: it failed with what another caller's was aborted with.
    expect(seen.snapshot().calls).toEqual({ ok: 1, aborted: 0, failed: { Error: 1 } });
  });
});

test("work that is handed up after its own call counts for no other one", async () => {
  const { seen, running, service } = metered();
  const first = service.call("a");
  running[0]!.resolve("A");
  await first;
  const second = service.call("b");
  running[0]!.options.waitUntil!(new Promise(() => {}));
  running[1]!.resolve("B");
  await second;
  expect(gauges(seen)).toEqual([0, 0, 0, 0]);
});

test("a running call keeps nothing of what was reserved for it", async () => {
  const { promise } = deferred<string>();
  // What it makes holds the request, as a routing table's does.
  const holding: Gate<unknown> = {
    holds: "start",
    tryAcquire: (request) => ({ cancel: () => request, finish() {} }),
    acquire: () => expect.unreachable(),
  };
  const service = new ServiceBuilder()
    .layer(meter("keeps nothing"))
    .layer(gate(holding, { name: "holding" }))
    .serviceFn(() => promise);
  const [call, request] = ((): [Reservation, WeakRef<object>] => {
    const value = { large: true };
    const granted = stackOf(service).tryReserve(value)!;
    void granted.start(value, {});
    return [granted, new WeakRef(value)];
  })();
  await turn();
  collectGarbage();
  expect(request.deref()).toBeUndefined();
  // It was there all the time.
  expect(call).toBeDefined();
});

test("a failure that nobody looks at is reported once, however many meters it passes, and one that somebody looks at is not", async () => {
  const reason = new Error("down");
  const service = new ServiceBuilder()
    .layer(meter("outer"))
    .layer(meter("inner"))
    .serviceFn(() => Promise.reject(reason));
  const { signal } = new AbortController();
  for (const options of [{}, { signal }]) {
    expect(await unhandledIn(() => void service.call("a", options))).toEqual([reason]);
    expect(await unhandledIn(() => service.call("a", options).catch(() => {}))).toEqual([]);
  }
});

describe("a layer outside that uses what it holds twice", () => {
  test("is counted once", async () => {
    const { seen, running, service } = metered();
    const again: Promise<unknown>[] = [];
    const layer = callLayer("twice", (inside, request, options) => {
      const answer = inside.start(request, options);
      again.push(inside.start(request, options));
      return answer;
    });
    const call = new ServiceBuilder().layer(layer).service(service).call("a");
    await expect(again[0]).rejects.toSatisfy(isPermitSpentError);
    running[0]!.resolve("A");
    expect(await call).toBe("A");
    expect(running).toHaveLength(1);
    expect(seen.snapshot()).toMatchObject({ granted: 1, released: 0, calls: { ok: 1, failed: {} } });
    expectToAddUp(seen);
  });

  test("and one that gives back what it has spent has spent it", async () => {
    const { seen, running, service } = metered();
    const layer = callLayer("regrets", (inside, request, options) => {
      void inside.start(request, options);
      throw new Error("after all");
    });
    const call = new ServiceBuilder().layer(layer).service(service).call("a");
    await expect(call).rejects.toThrow("after all");
    expect(seen).toMatchObject({ reserved: 0, active: 1, released: 0 });
    running[0]!.resolve("A");
    await turn();
    expect(gauges(seen)).toEqual([0, 0, 0, 0]);
    expectToAddUp(seen);
  });
});
