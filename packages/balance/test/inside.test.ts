import { gate, isOverloadedError, Semaphore, serviceFn } from "@sluice/core";
import { CircuitBreaker } from "@sluice/circuit-breaker";
import { type Reconnect, reconnect } from "@sluice/reconnect";
import { watch } from "@sluice/test-kit";
import { VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { balance } from "../src/index.ts";

class Lost extends Error {
  override readonly name = "Lost";
}

/** Servers that are up or down, and a connection to each. */
function setUp(count: number) {
  const clock = new VirtualClock();
  const up = Array.from({ length: count }, () => true);
  const answered = Array.from({ length: count }, () => 0);
  const services = up.map((_, nth) =>
    reconnect(
      async () => {
        if (!up[nth]) throw new Lost();
        return serviceFn((request: string) => {
          if (!up[nth]) throw new Lost();
          answered[nth]!++;
          return `${nth}: ${request}`;
        });
      },
      { isBroken: (failure) => failure instanceof Lost, backoff: { next: () => ({ delay: 1_000, state: 0 }) }, clock },
    ),
  );
  const service = balance({ endpoints: services.map((each, nth) => [nth, each]), clock });
  return { clock, up, answered, services, service };
}

/** Has them all connected. */
async function connect({ clock, services }: { clock: VirtualClock; services: readonly Reconnect<string, string>[] }) {
  for (const each of services) each.tryReady("x");
  await clock.advance(0);
}

describe("balance over reconnect", () => {
  test("the first calls wait for a connection, and are answered", async () => {
    const { clock, service } = setUp(3);
    const calls = Array.from({ length: 5 }, (_, nth) => watch(service.call(`${nth}`)));
    await clock.advance(0);
    for (const call of calls) expect(call()[0]).toBe("kept");
    expect(service).toMatchObject({ waiting: 0, pending: 0 });
  });

  test("an endpoint that is down is not chosen, and comes back", async () => {
    const all = setUp(3);
    const { clock, up, answered, services, service } = all;
    await connect(all);
    const failures: unknown[] = [];
    const ask = async (calls: number): Promise<void> => {
      for (let call = 0; call < calls; call++) {
        service.call("x").catch((error: unknown) => failures.push(error));
        await clock.advance(0);
      }
    };
    await ask(30);
    up[0] = false;
    await ask(50);
    // One call finds out; nobody else is sent there.
    expect(failures).toHaveLength(1);
    expect(services[0]!.state).not.toBe("connected");
    const before = answered[0]!;
    await clock.advance(999);
    await ask(50);
    expect(answered[0]).toBe(before);
    expect(failures).toHaveLength(1);
    up[0] = true;
    await clock.advance(1_000);
    await ask(100);
    expect(services[0]!.state).toBe("connected");
    expect(answered[0]!).toBeGreaterThan(before + 10);
    expect(failures).toHaveLength(1);
  });

  test("where all are down callers learn why, and the next ones are served when one is back", async () => {
    const { clock, up, service } = setUp(3);
    up.fill(false);
    const first = watch(service.call("x"));
    await clock.advance(0);
    expect(first()).toMatchObject(["broken", { name: "Lost" }]);
    const early = watch(service.call("x", { deadline: clock.now() + 500 }));
    await clock.advance(0);
    expect(isOverloadedError(early()[1])).toBe(true);
    expect(early()[1]).toMatchObject({ reason: "connection", retryAfter: 1_000 });
    const waiting = watch(service.call("x"));
    await clock.advance(500);
    expect(waiting()[0]).toBe("pending");
    up[1] = true;
    await clock.advance(500);
    expect(waiting()).toEqual(["kept", "1: x"]);
    expect(service).toMatchObject({ waiting: 0, pending: 0 });
  });
});

test("an endpoint whose circuit is open is passed over, and probed when its break is over", async () => {
  const clock = new VirtualClock();
  let down = true;
  const asked = [0, 0];
  const endpoints = asked.map((_, nth) => {
    const breaker = new CircuitBreaker({ consecutive: 2, breakFor: 1_000, clock });
    const answering = serviceFn(() => {
      asked[nth]!++;
      if (nth === 0 && down) throw new Error("down");
      return nth;
    });
    return [nth, gate(breaker, { name: "breaker" }).wrap(answering)] as const;
  });
  const service = balance({ endpoints });
  const ask = async (calls: number): Promise<void> => {
    for (let call = 0; call < calls; call++) {
      service.call("x").catch(() => {});
      await clock.advance(0);
    }
  };
  await ask(50);
  expect(asked[0]).toBe(2);
  down = false;
  await clock.advance(1_000);
  await ask(50);
  expect(asked[0]).toBeGreaterThan(10);
});

test("in the lines of all limits at once callers are served in the order in which they came", async () => {
  const clock = new VirtualClock();
  const served: number[] = [];
  const endpoints = Array.from({ length: 4 }, (_, nth) => {
    const work = serviceFn((request: number) => {
      served.push(request);
      return new Promise<number>((resolve) => void clock.setTimeout(() => resolve(request), 10));
    });
    return [nth, gate(new Semaphore(1), { name: "limit" }).wrap(work)] as const;
  });
  const service = balance({ endpoints, waitAt: Infinity });
  for (let request = 0; request < 40; request++) void service.call(request);
  for (let round = 0; round < 10; round++) await clock.advance(10);
  expect(served).toEqual(Array.from({ length: 40 }, (_, nth) => nth));
});
