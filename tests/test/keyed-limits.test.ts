import { AdaptiveLimit, aimd } from "@sluice/adaptive-limit";
import { CircuitBreaker } from "@sluice/circuit-breaker";
import { type Gate, isOverloadedError, Semaphore, type Service, ServiceBuilder } from "@sluice/core";
import { keyed, type KeyedLayer } from "@sluice/keyed";
import { FixedWindow, SlidingWindow, TokenBucket } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import { VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";

interface Limited {
  readonly clock: VirtualClock;
  readonly layer: KeyedLayer<string, string, unknown>;
  readonly service: Service<string, string>;
}

/** A gate for each user, and no wait. A request is a user's name. */
function limited(gate: (clock: VirtualClock) => Gate<unknown, unknown>, maxKeys: number): Limited {
  const clock = new VirtualClock();
  const layer = keyed<string, string, unknown>({ key: (user) => user, gate: () => gate(clock), maxKeys });
  const service = new ServiceBuilder()
    .layer(loadShed())
    .layer(layer)
    .serviceFn((user: string) => user);
  return { clock, layer, service };
}

/** The `retryAfter` of a refused user; undefined where the call is admitted. */
async function refusedFor(service: Service<string, string>, user: string): Promise<number | undefined> {
  try {
    await service.call(user);
    return undefined;
  } catch (error) {
    if (!isOverloadedError(error) || error.layer !== "keyed" || error.reason !== "rate") throw error;
    return error.retryAfter;
  }
}

const rate = { limit: 10, interval: 60_000 };

describe.each<readonly [string, (clock: VirtualClock) => Gate<unknown, unknown>, refills: number]>([
  ["TokenBucket", (clock) => new TokenBucket({ ...rate, clock }), 6_000],
  ["SlidingWindow", (clock) => new SlidingWindow({ ...rate, clock }), 60_000],
  ["FixedWindow", (clock) => new FixedWindow({ ...rate, clock }), 60_000],
])("a %s for each user", (_name, gate, refills) => {
  test("fastmcp #4057: strangers do not give a user who has used up its rate another one", async () => {
    const { clock, layer, service } = limited(gate, 5);
    for (let call = 0; call < 10; call++) expect(await refusedFor(service, "ann")).toBeUndefined();
    for (let stranger = 0; stranger < 100; stranger++) {
      await service.call(`stranger-${stranger}`).catch(() => {});
      await clock.advance(10);
    }
    expect(await refusedFor(service, "ann")).toBe(refills - 1_000);
    expect(layer.size).toBe(5);
  });

  test("strangers who owe keep their places until they owe no more, and then others have them", async () => {
    const { clock, layer, service } = limited(gate, 5);
    for (let user = 0; user < 5; user++) expect(await refusedFor(service, `user-${user}`)).toBeUndefined();
    await expect(service.call("eve")).rejects.toSatisfy(isOverloadedError);
    expect(layer.refused).toBe(1);
    await clock.advance(60_000);
    expect(await refusedFor(service, "eve")).toBeUndefined();
    expect(layer).toMatchObject({ size: 5, evicted: 1 });
  });

  test("retryAfter is that user's", async () => {
    const { clock, service } = limited(gate, 100);
    for (let call = 0; call < 10; call++) await service.call("ann");
    await clock.advance(500);
    for (let call = 0; call < 10; call++) await service.call("bob");
    expect([await refusedFor(service, "ann"), await refusedFor(service, "bob")]).toEqual([refills - 500, refills]);
  });

  test("a permit that is spent on another user counts for that one", async () => {
    const { layer, service } = limited(gate, 100);
    const ann = service.tryReady("ann");
    await ann?.call("bob");
    const available = (user: string): number => (layer.get(user) as TokenBucket).available;
    expect([available("ann"), available("bob")]).toEqual([10, 9]);
    await service.tryReady()?.call("bob");
    expect(available("bob")).toBe(8);
  });
});

describe("an AdaptiveLimit for each host", () => {
  test("learns each host's limit, waiting callers included, and is kept while it is worth it", async () => {
    const { clock, layer } = limited(
      (at) => new AdaptiveLimit(aimd({ initial: 4 }), { clock: at, window: { time: 10, samples: 1 } }),
      2,
    );
    const slow = new ServiceBuilder()
      .layer(layer)
      .serviceFn((host: string) => new Promise<string>((done) => clock.setTimeout(() => done(host), 10)));
    const calls = Array.from({ length: 20 }, () => slow.call("a"));
    expect(layer.get("a")).toMatchObject({ limit: 4, active: 4, waiting: 16 });
    await clock.advanceAsync(100);
    await Promise.all(calls);
    expect((layer.get("a") as AdaptiveLimit).limit).toBeGreaterThan(4);

    const call = async (host: string): Promise<void> => {
      const answer = slow.call(host);
      await clock.advanceAsync(10);
      await answer;
    };
    await call("b");
    await expect(slow.call("c")).rejects.toSatisfy(isOverloadedError);
    await clock.advance(60 * 10);
    await call("c");
    expect(layer.get("a")).toBeUndefined();
  });
});

describe("a CircuitBreaker for each host", () => {
  test("hosts that failed and are never called again do not keep their places for ever", async () => {
    const clock = new VirtualClock();
    const layer = keyed({
      key: (host: string) => host,
      gate: () => new CircuitBreaker({ consecutive: 2, breakFor: 5_000, window: { time: 10_000 }, clock }),
      maxKeys: 5,
    });
    const service = new ServiceBuilder().layer(layer).serviceFn((host: string) => {
      if (host.startsWith("dead")) throw new Error("connection refused");
      return host;
    });
    // Of some the circuit is open, and of others it is closed.
    for (let host = 0; host < 5; host++) {
      for (let call = 0; call < 1 + (host % 2); call++) {
        await expect(service.call(`dead-${host}`)).rejects.toThrow("connection refused");
      }
    }
    await clock.advance(60_000);
    await expect(service.call("new")).rejects.toSatisfy(isOverloadedError);
    await clock.advance(600_000);
    expect(await service.call("new")).toBe("new");
    expect(layer.size).toBe(5);
  });
});

describe("a Semaphore for each tenant", () => {
  test("in all, no tenant ever has more running than its slots, whoever comes and whatever is exchanged", async () => {
    const clock = new VirtualClock();
    const running = new Map<string, number>();
    const layer = keyed({ key: (tenant: string) => tenant, gate: () => new Semaphore(2), maxKeys: 4 });
    const service = new ServiceBuilder().layer(layer).serviceFn(async (tenant: string) => {
      const now = (running.get(tenant) ?? 0) + 1;
      running.set(tenant, now);
      if (now > 2) throw new Error(`${now} of ${tenant} are running`);
      await new Promise<void>((done) => {
        clock.setTimeout(done, 1 + (tenant.length % 3));
      });
      running.set(tenant, (running.get(tenant) ?? 0) - 1);
    });
    const tenants = ["a", "bb", "ccc", "dddd", "eeeee", "ffffff"];
    const ends: Promise<unknown>[] = [];
    for (let call = 0; call < 600; call++) {
      const [reserved, spentOn] = [tenants[(call * 7) % 6]!, tenants[(call * 5 + 1) % 6]!];
      const answer =
        call % 3 === 0
          ? service.call(reserved)
          : call % 3 === 1
            ? service.ready().then((permit) => permit.call(spentOn))
            : service.ready({ request: reserved }).then((permit) => permit.call(spentOn));
      ends.push(
        answer.catch((error: unknown) => {
          if (!isOverloadedError(error)) throw error;
        }),
      );
      if (call % 2 === 0) await clock.advanceAsync(1);
    }
    await clock.advanceAsync(1_000);
    await Promise.all(ends);
    expect([...running.values()].every((count) => count === 0)).toBe(true);
    expect(tenants.map((tenant) => layer.get(tenant)?.idle ?? true)).toEqual(tenants.map(() => true));
  });
});
