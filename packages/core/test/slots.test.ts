import { collectGarbage, turn, unhandledIn } from "@sluice/test-kit";
import { describe, expect, test, vi } from "vitest";
import {
  type CallOptions,
  type Gate,
  gate,
  isPermitSpentError,
  type Lease,
  type ReadyOptions,
  Semaphore,
  type Service,
} from "../src/index.ts";
import { callLayer, type Inside } from "../src/kit.ts";
import { giveSlots, type Slot, SlotPool, stackOf, stackService } from "../src/internal.ts";
import { Foreign } from "./helper/foreign.ts";
import { answering, Leaf } from "./helper/leaf.ts";
import { VirtualClock } from "./helper/virtual-clock.ts";

const limited = (policy: Gate<unknown>, service: Service<unknown, unknown>): Service<unknown, unknown> =>
  gate(policy, { name: "limit" }).wrap(service);

/** A gate that counts starts, of which there may be so many; in slots, as rates are. */
class Starts implements Gate<unknown> {
  readonly holds = "start";
  started = 0;
  trap: Error | undefined;
  readonly slots: SlotPool = new SlotPool("start", (started) => {
    if (this.trap !== undefined) throw this.trap;
    if (started) this.started++;
  });
  private readonly most: number;

  constructor(most: number) {
    this.most = most;
    giveSlots(Starts.prototype, () => ({ trySlot: (starts) => starts.take() }));
  }

  take(): Slot | undefined {
    if (this.trap !== undefined) throw this.trap;
    return this.started + this.slots.size < this.most ? this.slots.take(0) : undefined;
  }

  tryAcquire(): Lease | undefined {
    throw new Error("A layer asks for slots.");
  }

  acquire(): Promise<Lease> {
    return Promise.reject(new Error("no line"));
  }
}

describe("a slot that is held until the call starts", () => {
  const setUp = (most: number) => {
    const starts = new Starts(most);
    const leaf = new Leaf();
    const inner = new Semaphore(1);
    return { starts, leaf, inner, service: limited(starts, limited(inner, leaf.service)) };
  };

  test("counts from then on, and one that is given back or refused further inside does not", () => {
    const { starts, service } = setUp(3);
    service.tryReady()?.release();
    expect([starts.slots.size, starts.started]).toEqual([0, 0]);
    const permit = service.tryReady();
    expect([starts.slots.size, starts.started]).toEqual([1, 0]);
    void permit?.call("a");
    expect([starts.slots.size, starts.started]).toEqual([0, 1]);
    expect(service.tryReady()).toBeUndefined();
    expect([starts.slots.size, starts.started]).toEqual([0, 1]);
  });

  test("is started once", async () => {
    const starts = new Starts(2);
    const leaf = new Leaf();
    let second: Promise<unknown> | undefined;
    const twice = callLayer("twice", (inside, request, options) => {
      void inside.start(request, options);
      second = inside.start(request, options);
      return Promise.resolve("ok");
    });
    await twice.wrap(limited(starts, leaf.service)).call("a");
    await expect(second).rejects.toSatisfy(isPermitSpentError);
    expect([starts.started, leaf.calls.length]).toEqual([1, 1]);
  });

  test("a gate that throws at the start fails the call, which reaches nobody and holds nothing", async () => {
    const { starts, leaf, inner, service } = setUp(2);
    const permit = service.tryReady();
    starts.trap = new Error("no time");
    await expect(permit?.call("a")).rejects.toBe(starts.trap);
    expect([leaf.calls.length, inner.active, starts.slots.size]).toEqual([0, 0, 0]);
  });

  test("a gate that throws when it is asked, or has no line for those who wait, fails readiness", async () => {
    const { starts, service } = setUp(0);
    await expect(service.ready()).rejects.toThrow("no line");
    starts.trap = new Error("no time");
    await expect(service.ready()).rejects.toBe(starts.trap);
  });
});

test("a service inside that fails to be ready is asked once for a caller who was granted a slot in line", async () => {
  const foreign = new Foreign(1);
  const outer = new Semaphore(0);
  const call = limited(outer, foreign).call("a");
  foreign.failure = new Error("down");
  outer.max = 1;
  await expect(call).rejects.toBe(foreign.failure);
  expect(foreign.asked).toHaveLength(1);
  expect(outer.active).toBe(0);
});

describe("work that is registered late", () => {
  test("does not prolong the stay of the call that has the slot by then", async () => {
    const semaphore = new Semaphore(1);
    const leaf = new Leaf();
    const service = limited(semaphore, leaf.service);
    void service.call("a");
    const { waitUntil } = leaf.last.options;
    leaf.last.respond();
    await turn();
    void service.call("b");
    waitUntil?.(new Promise(() => {}));
    leaf.last.respond();
    await turn();
    expect(semaphore.active).toBe(0);
  });

  test("is still registered with the gates further out", async () => {
    const outer = new Semaphore(1);
    const leaf = new Leaf();
    const seen: unknown[] = [];
    void limited(outer, limited(new Semaphore(1), leaf.service)).call("a", { waitUntil: (work) => seen.push(work) });
    const work = new Promise<unknown>(() => {});
    const { waitUntil } = leaf.last.options;
    leaf.last.respond();
    await turn();
    waitUntil?.(work);
    expect(seen).toEqual([work]);
  });
});

describe("a semaphore that is not as ours", () => {
  class Picky extends Semaphore {
    override tryAcquire(request?: unknown): ReturnType<Semaphore["tryAcquire"]> {
      return request === "no" ? undefined : super.tryAcquire(request);
    }
  }

  test("a subclass is asked by its own method", () => {
    const service = limited(new Picky(1), answering("ok"));
    expect(service.tryReady("no")).toBeUndefined();
    service.tryReady("yes")?.release();
  });

  test.each(["tryAcquire", "acquire"] as const)("one whose %s was replaced is asked by that", async (method) => {
    const semaphore = new Semaphore(0);
    const asked = vi.spyOn(semaphore, method);
    const service = limited(semaphore, answering("ok"));
    const call = service.call("x");
    expect(asked).toHaveBeenCalled();
    semaphore.max = 1;
    expect(await call).toBe("ok");
    expect(semaphore.active).toBe(0);
  });
});

describe("a layer that uses what it holds twice", () => {
  const twice = (use: (inside: Inside, request: unknown, options: CallOptions) => Promise<unknown>) =>
    callLayer("twice", (inside, request, options) => use(inside, request, options));

  test("reaches nobody with the second call, and takes nobody's slot", async () => {
    const semaphore = new Semaphore(1);
    const leaf = new Leaf();
    const again: Promise<unknown>[] = [];
    const layer = twice((inside, request, options) => {
      const answer = inside.start(request, options);
      again.push(inside.start(request, options));
      return answer;
    });
    const call = layer.wrap(limited(semaphore, leaf.service) as never) as unknown as Service<unknown, unknown>;
    const answer = call.call("a");
    await expect(again[0]).rejects.toSatisfy(isPermitSpentError);
    expect([leaf.calls.length, semaphore.active]).toEqual([1, 1]);
    leaf.last.respond("ok");
    expect(await answer).toBe("ok");
    expect(semaphore.active).toBe(0);
  });

  test("keeps its slot until the work has settled where it throws after it began the call", async () => {
    const semaphore = new Semaphore(1);
    const leaf = new Leaf();
    const layer = twice((inside, request, options) => {
      void inside.start(request, options);
      throw new Error("after all");
    });
    const service = layer.wrap(limited(semaphore, leaf.service) as never) as unknown as Service<unknown, unknown>;
    await expect(service.call("a")).rejects.toThrow("after all");
    expect(semaphore.active).toBe(1);
    leaf.last.respond();
    await turn();
    expect(semaphore.active).toBe(0);
  });
});

test("a call that is running keeps nothing of what was reserved for it", async () => {
  const semaphore = new Semaphore(1);
  const leaf = new Leaf();
  const inner = stackOf(leaf.service);
  // It holds the request, as a routing table does.
  const holding = gate(new Recording(), { name: "holding" }).wrap(stackService(inner));
  const service = limited(semaphore, holding);
  const request = ((): WeakRef<object> => {
    const value = { large: true };
    void service.call(value);
    leaf.calls.length = 0;
    return new WeakRef(value);
  })();
  await turn();
  collectGarbage();
  expect(semaphore.active).toBe(1);
  expect(request.deref()).toBeUndefined();
});

/** A gate whose leases hold the request until the call begins. */
class Recording implements Gate<unknown> {
  readonly holds = "start";

  tryAcquire(request?: unknown): ReturnType<Gate<unknown>["tryAcquire"]> {
    return { cancel: () => request, finish() {} };
  }

  acquire(): never {
    throw new Error("there is always room");
  }
}

describe("when the turn of a caller in line has come", () => {
  test("and the service inside fails to be ready, the slot is free and the caller is told", async () => {
    const semaphore = new Semaphore(0);
    const inner = new Foreign(1);
    const call = limited(semaphore, inner).call("a");
    inner.failure = new Error("down");
    semaphore.max = 1;
    await expect(call).rejects.toBe(inner.failure);
    expect(semaphore.active).toBe(0);
  });

  test("and the service inside makes it wait once more, it does so with its slot", async () => {
    const [outer, inner] = [new Semaphore(0), new Semaphore(0)];
    const call = limited(outer, limited(inner, answering("ok"))).call("a");
    outer.max = 1;
    await turn();
    expect([outer.active, outer.waiting, inner.waiting]).toEqual([1, 0, 1]);
    inner.max = 1;
    expect(await call).toBe("ok");
    expect([outer.active, inner.active]).toEqual([0, 0]);
  });

  test("and it gives up while it waits once more, its slot is free", async () => {
    const [outer, inner] = [new Semaphore(0), new Semaphore(0)];
    const controller = new AbortController();
    const { signal } = controller;
    const call = limited(outer, limited(inner, answering("ok"))).call("a", { signal });
    outer.max = 1;
    await turn();
    controller.abort("gone");
    await expect(call).rejects.toBe("gone");
    expect([outer.active, inner.waiting]).toEqual([0, 0]);
  });

  test("and the clock throws, the answer of the one before is not harmed, and the error is reported", async () => {
    const clock = new VirtualClock();
    const semaphore = new Semaphore(1, { clock });
    // From now on it reads the time for each holder.
    expect(semaphore.oldest).toBe(0);
    const leaf = new Leaf();
    const service = limited(semaphore, leaf.service);
    const first = service.call("a");
    void service.call("b");
    const broken = new Error("no time");
    vi.spyOn(clock, "now").mockImplementation(() => {
      throw broken;
    });
    leaf.last.respond("ok");
    expect(await unhandledIn(() => turn())).toEqual([broken]);
    expect(await first).toBe("ok");
  });
});

test("gates and services of another's making are asked with request, signal and deadline, and nothing else", async () => {
  const asked: ReadyOptions[] = [];
  const semaphore = new Semaphore(0);
  const foreign = new Foreign(0);
  vi.spyOn(foreign, "ready").mockImplementation((options) => {
    asked.push(options!);
    return Promise.reject(new Error("full"));
  });
  const own: Gate<unknown> = {
    tryAcquire: () => undefined,
    acquire(options) {
      asked.push(options!);
      return semaphore.acquire(options);
    },
  };
  const { signal } = new AbortController();
  const call = limited(own, foreign).call("a", { signal, deadline: 50, waitUntil() {} });
  semaphore.max = 1;
  await expect(call).rejects.toThrow("full");
  const expected = { request: "a", signal, deadline: 50 };
  expect(asked.map((options) => ({ ...options }))).toEqual([expected, expected]);
});
