import { identity } from "@sluice/core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

describe("when fast-check is not installed", () => {
  beforeEach(() => {
    vi.resetModules();
    vi.doMock("fast-check", () => {
      throw new Error("Cannot find package 'fast-check'");
    });
  });

  afterEach(() => {
    vi.doUnmock("fast-check");
    vi.resetModules();
  });

  test("a mock service and a virtual clock do not miss it", async () => {
    const { mockService, VirtualClock } = await import("../src/index.ts");
    const [service, handle] = mockService<string, number>();
    const answer = service.call("seven");
    (await handle.nextRequest()).respond(7);
    expect([await answer, new VirtualClock(5).now()]).toEqual([7, 5]);
  });

  test("checkContract rejects, and says what to install", async () => {
    const { checkContract } = await import("../src/contract/index.ts");
    const failure = await checkContract(() => identity()).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    const { message, cause } = failure as Error;
    expect(message).toContain("checkContract: fast-check could not be loaded.");
    expect(message).toContain("npm install --save-dev fast-check");
    expect(cause).toBeDefined();
  });
});
