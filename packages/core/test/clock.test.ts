import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { systemClock } from "../src/index.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("promise 13: the system's clock looks the globals up at each call, so that fake timers work", () => {
  const start = systemClock.now();
  const run = vi.fn<() => void>();
  systemClock.setTimeout(run, 100);
  const forgotten = systemClock.setTimeout(run, 100);
  systemClock.clearTimeout(forgotten);
  vi.advanceTimersByTime(99);
  expect(run).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(run).toHaveBeenCalledOnce();
  expect(systemClock.now() - start).toBe(100);
  expect(vi.getTimerCount()).toBe(0);
});

test("promise 13: a timer that it was told to unref keeps no process alive, and one that is no object is left alone", () => {
  vi.useRealTimers();
  const armed = (): number => process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;
  const before = armed();
  const timer = systemClock.setTimeout(() => {}, 60_000);
  expect(armed()).toBe(before + 1);
  systemClock.unref?.(timer);
  expect(armed()).toBe(before);
  systemClock.clearTimeout(timer);
  for (const handle of [5, undefined, null]) expect(() => systemClock.unref?.(handle)).not.toThrow();
});

test("its now is performance.now", () => {
  expect(systemClock.now()).toBe(performance.now());
});
