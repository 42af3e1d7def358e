import { events } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { recordEvents } from "../src/gateway/event-tape.ts";

describe("the tape of a gateway's events", () => {
  test("folds those of one kind, what began last first", () => {
    let now = 0;
    const tape = recordEvents(() => now);
    const source = {};
    const shed = { type: "shed", layer: "loadShed", source, by: "buffer", retryAfter: 3 };
    events.emit(shed);
    now = 100;
    events.emit({ type: "state", layer: "circuitBreaker", source, from: "closed", to: "open", cause: source });
    now = 200;
    events.emit({ ...shed, retryAfter: 7 });
    expect(tape()).toEqual([
      { what: "circuitBreaker · state · closed to open", count: 1, since: 100, last: 100 },
      { what: "loadShed · shed · by buffer", count: 2, since: 0, last: 200 },
    ]);
    // After a while without, it begins again.
    now = 10_000;
    events.emit(shed);
    expect(tape()[0]).toEqual({ what: "loadShed · shed · by buffer", count: 3, since: 10_000, last: 10_000 });
  });

  test("says what a timeout, a retry and abandoned work are about", () => {
    const tape = recordEvents(() => 0);
    const source = {};
    events.emit({ type: "timeout", layer: "timeout", source, phase: "call", ms: 300 });
    events.emit({ type: "retry-denied", layer: "retry", source, attempt: 2, reason: "budget" });
    events.emit({ type: "abandoned", layer: "timeout", source, settled: true, after: 5 });
    expect(tape().map(({ what }) => what)).toEqual([
      "timeout · call",
      "retry · retry-denied · budget",
      "timeout · abandoned · settled since",
    ]);
  });
});
