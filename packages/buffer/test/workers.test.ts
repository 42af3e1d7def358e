import { deferred } from "@sluice/test-kit";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

/** Timers of Cloudflare Workers, each of which belongs to the request in whose turn it was set. */
class RequestTimers {
  private current = "none";
  private readonly owners = new Map<number, string>();
  private last = 0;

  install(): void {
    const set = Object.defineProperties(() => {
      this.owners.set(++this.last, this.current);
      return this.last;
    }, Object.getOwnPropertyDescriptors(setTimeout));
    vi.stubGlobal("setTimeout", set);
    vi.stubGlobal("clearTimeout", (handle: number) => this.owners.delete(handle));
  }

  in<T>(request: string, work: () => T): T {
    this.current = request;
    const value = work();
    this.current = "none";
    return value;
  }

  /** Of a request without any, the runtime says that it hangs, and ends it. */
  of(request: string): number {
    return [...this.owners.values()].filter((owner) => owner === request).length;
  }
}

const timers = new RequestTimers();

beforeEach(() => {
  vi.resetModules();
  vi.stubGlobal("navigator", { userAgent: "Cloudflare-Workers" });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

test("in Cloudflare Workers every request in the queue has a timer until it leaves, for without one it would be taken for hung", async () => {
  const { gate, Semaphore, ServiceBuilder } = await import("@sluice/core");
  const { buffer } = await import("../src/index.ts");
  timers.install();
  const queue = buffer({ capacity: 3 });
  const works = new Map(["a", "b", "c", "d"].map((name) => [name, deferred<string>()]));
  const service = new ServiceBuilder()
    .layer(queue)
    .layer(gate(new Semaphore(1), { name: "slots" }))
    .serviceFn((name: string) => works.get(name)!.promise);
  const leaving = new AbortController();
  const answers = ["a", "b", "c", "d"].map((name) =>
    timers.in(name, () => service.call(name, name === "d" ? { signal: leaving.signal } : {})),
  );
  expect(["a", "b", "c", "d"].map((name) => timers.of(name) > 0)).toEqual([false, true, true, true]);
  leaving.abort("left");
  await expect(answers.pop()).rejects.toBe("left");
  expect(timers.of("d")).toBe(0);
  for (const [name, { resolve }] of works) if (name !== "d") resolve(`for ${name}`);
  expect(await Promise.all(answers)).toEqual(["for a", "for b", "for c"]);
  expect(["a", "b", "c"].map((name) => timers.of(name))).toEqual([0, 0, 0]);
  expect(queue).toMatchObject({ active: 0, queued: 0, running: 0 });
});
