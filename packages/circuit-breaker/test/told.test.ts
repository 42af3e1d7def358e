import { events, type LayerEvent } from "@sluice/core";
import { unhandledIn } from "@sluice/test-kit";
import { VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { CircuitBreaker, circuitBreaker } from "../src/index.ts";
import { down, opened, setUp } from "./helper/set-up.ts";

describe("what it tells", () => {
  test("each change is told once, in order, with what opened it", async () => {
    const { breaker, clock, changes, fail, succeed } = setUp({ consecutive: 1, breakFor: 1_000 });
    await fail();
    await clock.advance(1_000);
    await fail(1, "worse");
    await clock.advance(1_000);
    await succeed();
    breaker.close();
    expect(changes).toEqual([
      { from: "closed", to: "open", cause: down },
      { from: "open", to: "half-open", cause: undefined },
      { from: "half-open", to: "open", cause: "worse" },
      { from: "open", to: "half-open", cause: undefined },
      { from: "half-open", to: "closed", cause: undefined },
    ]);
  });

  test("listeners of events hear of it as `state`, with the layer, its label and one source", async () => {
    const heard: LayerEvent[] = [];
    const subscription = events.subscribe((event) => heard.push(event));
    const { clock, service } = await opened({ label: "prices" });
    await clock.advance(1_000);
    service.tryReady("x")?.release();
    subscription[Symbol.dispose]();
    expect(heard).toEqual([
      {
        type: "state",
        layer: "circuitBreaker",
        label: "prices",
        source: heard[0]?.source,
        from: "closed",
        to: "open",
        cause: down,
      },
      {
        type: "state",
        layer: "circuitBreaker",
        label: "prices",
        source: heard[0]?.source,
        from: "open",
        to: "half-open",
        cause: undefined,
      },
    ]);
  });

  test("a listener that throws is reported, and changes nothing", async () => {
    const reported = await unhandledIn(async () => {
      const { breaker, fail } = setUp({
        consecutive: 1,
        onChange() {
          throw new Error("listener");
        },
      });
      await fail();
      expect(breaker.state).toBe("open");
    });
    expect(reported).toEqual([new Error("listener")]);
  });

  test("a listener may change the state in turn", async () => {
    const seen: string[] = [];
    const { breaker, fail } = setUp({
      consecutive: 1,
      onChange({ to }) {
        seen.push(to);
        if (to === "open") breaker.isolate();
      },
    });
    await fail();
    expect([breaker.state, ...seen]).toEqual(["isolated", "open", "isolated"]);
  });

  test("it says of itself what it was made with", () => {
    const backoff = { next: () => ({ delay: 1, state: 0 }) };
    const { about } = circuitBreaker({
      label: "db",
      window: { calls: 30 },
      consecutive: 3,
      slowCall: 9,
      breakFor: backoff,
    });
    expect(about).toEqual({
      label: "db",
      traits: ["breaks"],
      facts: {
        windowCalls: 30,
        failureRatio: 0.5,
        minimumCalls: 20,
        consecutive: 3,
        slowCall: 9,
        slowRatio: 1,
        breakFor: undefined,
        probes: 1,
        whenOpen: "refuse",
      },
    });
    expect(circuitBreaker({ whenOpen: "wait" }).about?.facts).toEqual({
      windowTime: 10_000,
      failureRatio: 0.5,
      minimumCalls: 20,
      breakFor: 5_000,
      probes: 1,
      whenOpen: "wait",
    });
  });

  test("the layer and the gate write their state and counters as JSON", async () => {
    const { breaker, service } = await opened({ label: "db" });
    await service.call("x").catch(() => {});
    const counters = { state: "open", calls: 0, failures: 0, slow: 0, active: 0, waiting: 0, opened: 1, refused: 1 };
    expect(JSON.parse(JSON.stringify(breaker))).toEqual({
      name: "circuitBreaker",
      label: "db",
      retryAfter: 1_000,
      ...counters,
    });
    const gated = new CircuitBreaker({ clock: new VirtualClock() });
    gated.open(5);
    expect(JSON.parse(JSON.stringify(gated))).toEqual({ ...counters, retryAfter: 5, refused: 0 });
  });
});
