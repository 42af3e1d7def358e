import { afterEach, beforeEach, expect, test, vi } from "vitest";

beforeEach(() => {
  vi.resetModules();
  vi.doMock("fast-check", () => {
    throw new Error("fast-check is not installed");
  });
});

afterEach(() => {
  vi.doUnmock("fast-check");
  vi.resetModules();
});

test("a mock service and a virtual clock do not load fast-check, and the check of the contract does", async () => {
  const { mockService, VirtualClock } = await import("../src/index.ts");
  const [service, handle] = mockService<string, number>();
  const answer = service.call("seven");
  (await handle.nextRequest()).respond(7);
  expect([await answer, new VirtualClock(5).now()]).toEqual([7, 5]);
  await expect(import("../src/contract/index.ts")).rejects.toThrow("mocking a module");
});
