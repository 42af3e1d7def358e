import { VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { balance } from "../src/index.ts";
import { backends, entries } from "./helper/backend.ts";

function setUp(count: number) {
  const clock = new VirtualClock();
  const all = backends(count);
  const service = balance({ endpoints: entries(all), load: "peak-ewma", defaultRtt: 10, decay: 1_000, clock });
  return { clock, all, service, rtt: (nth: number) => service.endpoints[nth]!.rtt! };
}

describe("peak EWMA", () => {
  test("begins with defaultRtt, and decays by itself, so that a new endpoint is asked at last", async () => {
    const { clock, rtt } = setUp(1);
    expect(rtt(0)).toBe(10);
    await clock.advance(1_000);
    expect(rtt(0)).toBeCloseTo(10 / Math.E);
  });

  test("rises to a worse sample at once", async () => {
    const { clock, all, service, rtt } = setUp(1);
    void service.call("x");
    await clock.advance(200);
    all[0]!.answer();
    await clock.advance(0);
    expect(rtt(0)).toBe(200);
  });

  test("a fast failure does not look fast", async () => {
    const { clock, all, service, rtt } = setUp(1);
    await clock.advance(100);
    const before = rtt(0);
    service.call("x").catch(() => {});
    all[0]!.fail(new Error("503"));
    await clock.advance(0);
    expect(rtt(0)).toBeGreaterThanOrEqual(before);
  });

  test("who gave up has learned that it takes at least so long", async () => {
    const { clock, all, service, rtt } = setUp(1);
    const controller = new AbortController();
    service.call("x", { signal: controller.signal }).catch(() => {});
    await clock.advance(500);
    controller.abort("enough");
    all[0]!.fail("enough");
    await clock.advance(0);
    expect(rtt(0)).toBe(500);
  });

  test("the faster of two is asked, for as long as it has not so much more to do", async () => {
    const { clock, all, service } = setUp(2);
    void service.call("x");
    const slow = all.findIndex(({ open }) => open.length === 1);
    await clock.advance(40);
    all[slow]!.answer();
    await clock.advance(0);
    void service.call("x");
    expect(all[1 - slow]!.open.length).toBe(1);
    for (let call = 1; call < 12; call++) void service.call("x");
    // 40 against 10 less a little.
    expect(all[1 - slow]!.open.length).toBeGreaterThanOrEqual(9);
    expect(all[slow]!.open.length).toBeGreaterThanOrEqual(1);
  });

  test("without it no latency is measured", () => {
    expect(balance({ endpoints: entries(backends(1)) }).endpoints[0]!.rtt).toBeUndefined();
  });
});
