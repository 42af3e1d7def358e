import { adaptiveLimit, vegas } from "@sluice/adaptive-limit";
import { isOverloadedError, Semaphore, ServiceBuilder } from "@sluice/core";
import { keyed } from "@sluice/keyed";
import { concurrencyLimit } from "@sluice/limit";
import { priorityLine } from "@sluice/priority";
import { mockService, VirtualClock } from "@sluice/testing";
import { timeout } from "@sluice/timeout";
import { describe, expect, test } from "vitest";
import { type Ask, overload } from "../../packages/priority/test/helper/overload.ts";

const priority = ({ level }: Ask): number => level;

describe("a service that can do 1,000 a second, of which 1,500 are wanted", () => {
  test("with a limit that Vegas finds, and priority and codel in its line, all of the capacity is of use", async () => {
    const { inTime, goodput } = await overload(1_500, (clock) =>
      adaptiveLimit(vegas({ initial: 10, random: () => 0.5 }), {
        clock,
        window: { time: 100 },
        line: priorityLine({ priority, levels: 3, codel: true, clock }),
      }),
    );
    expect(inTime[0]).toBeGreaterThan(97);
    expect(inTime[1]).toBeGreaterThan(92);
    expect(inTime[2]).toBeGreaterThan(28);
    expect(goodput).toBeGreaterThan(970);
  });

  test("with a limit that stays, too", async () => {
    const { inTime, goodput } = await overload(1_500, (clock) =>
      concurrencyLimit(10, { clock, line: priorityLine({ priority, levels: 3, codel: true, clock }) }),
    );
    expect(Math.min(inTime[0]!, inTime[1]!)).toBeGreaterThan(95);
    expect(goodput).toBeGreaterThan(980);
  });
});

describe("a line by importance", () => {
  test("in a limit for each key: each key's line is its own, and all are counted together", async () => {
    const line = priorityLine({ priority, levels: 2 });
    const perTenant = keyed({
      key: (ask: Ask & { readonly tenant: string }) => ask.tenant,
      gate: () => new Semaphore(1, { line }),
    });
    const [inner, handle] = mockService<Ask & { readonly tenant: string }, string>();
    const service = perTenant.wrap(inner);
    const asks = [
      { tenant: "ann", level: 1 },
      { tenant: "ann", level: 1 },
      { tenant: "ann", level: 0 },
      { tenant: "bob", level: 1 },
    ];
    const calls = asks.map((ask) => service.call(ask));
    expect(line.levels.map(({ waiting }) => waiting)).toEqual([1, 1]);
    const order: string[] = [];
    for (let call = 0; call < 4; call++) {
      const { request, respond } = await handle.nextRequest();
      order.push(`${request.tenant} ${request.level}`);
      respond("ok");
    }
    await Promise.all(calls);
    expect(order.filter((ask) => ask.startsWith("ann"))).toEqual(["ann 1", "ann 0", "ann 1"]);
    expect(line.levels.map(({ waiting, granted }) => [waiting, granted])).toEqual([
      [0, 1],
      [0, 1],
    ]);
  });

  test("inside a timeout for all of it: what is refused is refused, what is late is late, and nothing is left", async () => {
    const clock = new VirtualClock();
    const limit = concurrencyLimit(1, {
      clock,
      line: priorityLine({ priority, levels: 2, codel: { target: 15, interval: 25 }, clock }),
    });
    const service = new ServiceBuilder()
      .layer(timeout({ total: 40, clock }))
      .layer(limit)
      .serviceFn((_ask: Ask) => new Promise<string>((done) => clock.setTimeout(() => done("ok"), 30)));
    const ends = [0, 1, 0, 1].map((level) =>
      service.call({ level }).catch((error: unknown) => (isOverloadedError(error) ? "refused" : "late")),
    );
    await clock.advanceAsync(1_000);
    expect(await Promise.all(ends)).toEqual(["ok", "refused", "late", "refused"]);
    expect(limit).toMatchObject({ active: 0, waiting: 0 });
    expect(clock.pending).toBe(0);
  });
});
