import { ServiceBuilder } from "@sluice/core";
import { mockService } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { http } from "../src/index.ts";

describe("when the inner service is ready", () => {
  test("a call reaches it, its answer comes back, and it is counted", async () => {
    const [inner, handle] = mockService<string, number>();
    const layer = http();
    const answer = new ServiceBuilder().layer(layer).service(inner).call("a");
    (await handle.nextRequest()).respond(1);
    expect(await answer).toBe(1);
    expect(layer.calls).toBe(1);
  });
});

describe("when the inner service is not ready", () => {
  test("nothing is counted", () => {
    const [inner, handle] = mockService<string, number>();
    handle.allow(0);
    const layer = http();
    expect(new ServiceBuilder().layer(layer).service(inner).tryReady("a")).toBeUndefined();
    expect(layer.calls).toBe(0);
  });
});
