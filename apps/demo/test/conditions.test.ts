import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Conditions } from "../src/live/conditions.ts";
import type { Backends } from "../src/process/backends.ts";

/** Backends that only say what is done to them. */
function recorded(): { readonly backends: Backends; readonly done: string[] } {
  const done: string[] = [];
  const backends = {
    pace: (route: string, factor: number) => void done.push(`${route} pace ${factor}`),
    freeze: (route: string, ms: number) => void done.push(`${route} freeze ${ms}`),
    kill: async (route: string) => void done.push(`${route} kill`),
    restart: async (route: string) => void done.push(`${route} restart`),
  };
  return { backends: backends as unknown as Backends, done };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("what is done to backends", () => {
  test("is done to those of each gateway", async () => {
    const conditions = new Conditions();
    const [one, other] = [recorded(), recorded()];
    await Promise.all([conditions.add(one.backends), conditions.add(other.backends)]);
    one.done.length = other.done.length = 0;
    await conditions.set("report", { kind: "slow", factor: 5 });
    expect([one.done, other.done]).toEqual([["report pace 5"], ["report pace 5"]]);
    expect(conditions.now.report).toEqual({ kind: "slow", factor: 5 });
  });

  test("is done to those that come later, too", async () => {
    const conditions = new Conditions();
    await conditions.set("quote", { kind: "killed" });
    const { backends, done } = recorded();
    await conditions.add(backends);
    expect(done).toContain("quote kill");
  });

  test("begins with a new process, where the old one is gone or deaf", async () => {
    const conditions = new Conditions();
    const { backends, done } = recorded();
    await conditions.add(backends);
    for (const deaf of [{ kind: "killed" }, { kind: "silent", ms: 1000 }] as const) {
      await conditions.set("quote", deaf);
      done.length = 0;
      await conditions.set("quote", { kind: "slow", factor: 2 });
      expect(done).toEqual(["quote restart", "quote pace 2"]);
    }
  });

  test("keeps the process, and what it has begun, when it is no longer slow", async () => {
    const conditions = new Conditions();
    const { backends, done } = recorded();
    await conditions.add(backends);
    await conditions.set("quote", { kind: "slow", factor: 2 });
    done.length = 0;
    await conditions.set("quote", { kind: "up" });
    expect(done).toEqual(["quote pace 1"]);
  });

  test("ends by itself, where it is a silence", async () => {
    const conditions = new Conditions();
    await conditions.set("fares", { kind: "silent", ms: 1000 });
    vi.advanceTimersByTime(999);
    expect(conditions.now.fares.kind).toBe("silent");
    vi.advanceTimersByTime(1);
    expect(conditions.now.fares.kind).toBe("up");
    await conditions.set("fares", { kind: "silent", ms: 1000 });
    await conditions.set("fares", { kind: "killed" });
    vi.advanceTimersByTime(1000);
    expect(conditions.now.fares.kind).toBe("killed");
  });

  test("that fails is told to who asked, and harms nothing that comes later", async () => {
    const conditions = new Conditions();
    const { backends, done } = recorded();
    await conditions.add(backends);
    vi.spyOn(backends, "restart").mockRejectedValueOnce(new Error("no port"));
    await expect(conditions.restart("quote")).rejects.toThrow("no port");
    done.length = 0;
    await conditions.restart("quote");
    expect(done).toEqual(["quote restart"]);
  });
});
