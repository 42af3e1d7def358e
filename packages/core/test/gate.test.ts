import { describe, expect, test, vi } from "vitest";
import {
  gate,
  type Gate,
  type Layer,
  layerFn,
  type Lease,
  middleware,
  refuse,
  Semaphore,
  type Service,
  ServiceBuilder,
  serviceFn,
  takeRefusal,
} from "../src/index.ts";
import { Foreign } from "./helper/foreign.ts";
import { RecordingGate, type Trap } from "./helper/gates.ts";
import { answering, Leaf } from "./helper/leaf.ts";
import { deferred, hops, stateOf, turn, unhandledIn } from "@sluice/test-kit";
import { thenable } from "./helper/thenable.ts";

/** Three gates around a leaf, and all that they were told, in turn. */
function three() {
  const log: string[] = [];
  const leaf = new Leaf();
  const gates = ["A", "B", "C"].map((name) => new RecordingGate(name, 1, log));
  const [a, b, c] = gates as [RecordingGate, RecordingGate, RecordingGate];
  const service = new ServiceBuilder()
    .layer(gate(a, { name: "A" }))
    .layer(gate(b, { name: "B" }))
    .layer(gate(c, { name: "C" }))
    .service(leaf.service);
  const idle = (): void => {
    expect(gates.map(({ held, free, twice }) => ({ held, free, twice }))).toEqual(
      gates.map(() => ({ held: 0, free: 1, twice: 0 })),
    );
    for (const name of ["A", "B", "C"]) {
      const told = (what: RegExp): number => log.filter((line) => line.startsWith(name) && what.test(line)).length;
      expect(told(/cancel|finish/)).toBe(told(/ in/));
    }
  };
  return { a, b, c, log, leaf, service, idle };
}

describe("promise 3: nothing leaks", () => {
  test("when the permit is released", () => {
    const { service, log, idle } = three();
    service.tryReady()?.release();
    expect(log).toEqual(["A in", "B in", "C in", "C cancel", "B cancel", "A cancel"]);
    idle();
  });

  test("when the call resolves", async () => {
    const { service, leaf, log, idle } = three();
    const call = service.call("x");
    expect(log.splice(0)).toEqual(["A in", "B in", "C in", "A start", "B start", "C start"]);
    leaf.last.respond("y");
    expect(await call).toBe("y");
    expect(log).toEqual([
      "C answered fulfilled",
      "C finish fulfilled",
      "B answered fulfilled",
      "B finish fulfilled",
      "A answered fulfilled",
      "A finish fulfilled",
    ]);
    log.push("A in", "B in", "C in");
    idle();
  });

  test("when the call rejects", async () => {
    const { service, leaf, log, idle } = three();
    const call = service.call("x");
    const error = new Error("no");
    leaf.last.fail(error);
    await expect(call).rejects.toBe(error);
    expect(log.filter((line) => line.includes("finish"))).toEqual([
      "C finish rejected",
      "B finish rejected",
      "A finish rejected",
    ]);
    idle();
  });

  test("when the handler throws", async () => {
    const { a, b } = three();
    const error = new Error("no");
    const service = new ServiceBuilder()
      .layer(gate(a, { name: "A" }))
      .layer(gate(b, { name: "B" }))
      .serviceFn(() => {
        throw error;
      });
    await expect(service.call("x")).rejects.toBe(error);
    expect([a.held, b.held]).toEqual([0, 0]);
  });

  test("when the caller aborts in flight: the place is held until the work settles", async () => {
    const { service, leaf, a, c, idle } = three();
    const controller = new AbortController();
    const call = service.call("x", { signal: controller.signal });
    expect(leaf.last.options.signal).toBe(controller.signal);
    controller.abort("gone");
    expect(await stateOf(call)).toBe("pending");
    expect([a.held, c.held]).toEqual([1, 1]);
    leaf.last.fail(controller.signal.reason);
    await expect(call).rejects.toBe("gone");
    idle();
  });

  test("when a gate further in is taken, and tryReady finds nothing", () => {
    const { service, c, log, idle } = three();
    c.free = 0;
    expect(service.tryReady()).toBeUndefined();
    expect(log).toEqual(["A in", "B in", "B cancel", "A cancel"]);
    c.free = 1;
    idle();
  });

  test("when a gate further in throws: all or nothing, in reverse (promise 9)", async () => {
    const { service, c, log, idle } = three();
    c.failure = new Error("open circuit");
    expect(() => service.tryReady()).toThrow("open circuit");
    expect(log.splice(0)).toEqual(["A in", "B in", "B cancel", "A cancel"]);
    await expect(service.ready()).rejects.toBe(c.failure);
    await expect(service.call("x")).rejects.toBe(c.failure);
    expect(log).toEqual(["A in", "B in", "B cancel", "A cancel", "A in", "B in", "B cancel", "A cancel"]);
    idle();
  });

  test("when a gate further in throws after the wait at one further out", async () => {
    const { service, a, c, idle } = three();
    a.free = 0;
    const call = service.call("x");
    c.failure = new Error("open circuit");
    a.free = 1;
    a.letIn();
    await expect(call).rejects.toBe(c.failure);
    idle();
  });

  test("when a gate further in refuses who waits", async () => {
    const { service, b, idle } = three();
    b.free = 0;
    const call = service.call("x");
    const error = new Error("the line is closed");
    b.refuse(error);
    b.free = 1;
    await expect(call).rejects.toBe(error);
    idle();
  });

  test("when the caller aborts while waiting further in, at a gate that does not look at the signal", async () => {
    const { service, a, b, log, leaf } = three();
    b.free = 0;
    const controller = new AbortController();
    const call = service.call("x", { signal: controller.signal });
    expect(a.held).toBe(1);
    log.length = 0;
    controller.abort("gone");
    await expect(call).rejects.toBe("gone");
    expect(a.held).toBe(0);
    // The gate lets in who has gone: it gets its lease back.
    b.letIn();
    await turn();
    expect(log).toEqual(["A cancel", "B in", "B cancel"]);
    expect(leaf.calls).toHaveLength(0);
  });

  test("when the caller aborts while waiting at a gate that then refuses", async () => {
    const { service, a, b } = three();
    b.free = 0;
    const controller = new AbortController();
    const call = service.call("x", { signal: controller.signal });
    controller.abort("gone");
    b.refuse(new Error("nobody hears this"));
    await expect(call).rejects.toBe("gone");
    expect(a.held).toBe(0);
  });

  test("when the service inside is not ready, or fails to be", async () => {
    const semaphore = new Semaphore(1);
    const foreign = new Foreign(0);
    const service = gate(semaphore, { name: "limit" }).wrap(foreign);
    expect(service.tryReady()).toBeUndefined();
    expect(semaphore.active).toBe(0);
    foreign.failure = new Error("down");
    expect(() => service.tryReady()).toThrow("down");
    await expect(service.ready()).rejects.toThrow("down");
    expect(semaphore.active).toBe(0);
  });
});

describe("promise 5: abort meets grant", () => {
  const setUp = () => {
    const semaphore = new Semaphore(1);
    const leaf = new Leaf();
    const service = gate(semaphore, { name: "limit" }).wrap(leaf.service);
    const holder = service.tryReady();
    const controller = new AbortController();
    return { semaphore, leaf, service, holder, controller };
  };

  test("when the grant comes first, the abort wins and the place goes to the next", async () => {
    const { semaphore, leaf, service, holder, controller } = setUp();
    const call = service.call("x", { signal: controller.signal });
    const next = service.ready();
    holder?.release();
    controller.abort("gone");
    await expect(call).rejects.toBe("gone");
    (await next).release();
    expect(leaf.calls).toHaveLength(0);
    expect([semaphore.active, semaphore.waiting]).toEqual([0, 0]);
  });

  test("when the abort comes first, the place goes to the next", async () => {
    const { semaphore, service, holder, controller } = setUp();
    const ready = service.ready({ signal: controller.signal });
    const next = service.ready();
    controller.abort("gone");
    holder?.release();
    await expect(ready).rejects.toBe("gone");
    (await next).release();
    expect([semaphore.active, semaphore.waiting]).toEqual([0, 0]);
  });

  test("when the abort comes as soon as ready has granted, the permit is the caller's to give back", async () => {
    const { semaphore, service, holder, controller } = setUp();
    const ready = service.ready({ signal: controller.signal });
    holder?.release();
    const permit = await ready;
    controller.abort("gone");
    expect(semaphore.active).toBe(1);
    await expect(permit.call("x", { signal: controller.signal })).rejects.toBe("gone");
    expect(semaphore.active).toBe(0);
  });

  test("when a limit has granted and the abort comes, nobody further in is asked", async () => {
    const { semaphore, leaf, controller } = setUp();
    const inner = new RecordingGate("inner", 1);
    const stack = gate(semaphore, { name: "limit" }).wrap(gate(inner, { name: "inner" }).wrap(leaf.service));
    const ready = stack.ready({ signal: controller.signal });
    semaphore.max = 2;
    controller.abort("gone");
    await expect(ready).rejects.toBe("gone");
    expect(inner.asked).toEqual([]);
    expect(semaphore.active).toBe(1);
  });

  test("when an inner gate grants at once, after an outer one did and the abort", async () => {
    const { semaphore, service, holder, controller } = setUp();
    const outer = new RecordingGate("outer", 0);
    const stack = gate(outer, { name: "outer" }).wrap(service);
    const ready = stack.ready({ signal: controller.signal });
    const asked = vi.spyOn(semaphore, "tryAcquire");
    holder?.release();
    outer.free = 1;
    outer.letIn();
    controller.abort("gone");
    await expect(ready).rejects.toBe("gone");
    expect(asked).not.toHaveBeenCalled();
    expect([outer.held, semaphore.active]).toEqual([0, 0]);
  });

  test("what was granted is given back before what is held further out (promise 9)", async () => {
    const { service, b, c, log } = three();
    c.free = 0;
    const controller = new AbortController();
    const call = service.call("x", { signal: controller.signal });
    log.length = 0;
    c.letIn();
    controller.abort("gone");
    await expect(call).rejects.toBe("gone");
    expect(log).toEqual(["C in", "C cancel", "B cancel", "A cancel"]);
    expect(b.held).toBe(0);
  });

  test.each<[string, () => Service<unknown, unknown>]>([
    ["a gate", () => gate(new Semaphore(0), { name: "limit" }).wrap(answering("ok"))],
    [
      "a gate that does not look at the signal",
      () => gate(new RecordingGate("g", 0), { name: "g" }).wrap(answering("ok")),
    ],
    ["a service of another's making", () => new Foreign(0)],
  ])("when a function of the caller's aborts on the way to %s, nobody joins the line there", async (_, inside) => {
    const { controller } = setUp();
    const service = inside();
    const aborting = new RecordingGate("aborting", 1);
    const tryAcquire = aborting.tryAcquire.bind(aborting);
    aborting.tryAcquire = (request) => {
      controller.abort("gone");
      return tryAcquire(request);
    };
    const stack = gate(aborting, { name: "aborting" }).wrap(service);
    await expect(stack.ready({ signal: controller.signal })).rejects.toBe("gone");
    expect(aborting.held).toBe(0);
  });

  test("when a function of the caller's aborts and the gate grants without a wait", async () => {
    const { leaf, controller } = setUp();
    const aborting = new RecordingGate("aborting", 0);
    const service = gate(aborting, { name: "aborting" }).wrap(leaf.service);
    const tryAcquire = aborting.tryAcquire.bind(aborting);
    // Refuses when the call tries, grants when it comes to wait.
    vi.spyOn(aborting, "tryAcquire")
      .mockImplementationOnce(tryAcquire)
      .mockImplementationOnce(() => {
        controller.abort("gone");
        aborting.free = 1;
        return tryAcquire();
      });
    await expect(service.call("x", { signal: controller.signal })).rejects.toBe("gone");
    expect(aborting.held).toBe(0);
    expect(leaf.calls).toHaveLength(0);
  });

  test("no listener is left behind, however the wait ended", async () => {
    const { service, holder, controller, leaf } = setUp();
    const added = vi.spyOn(controller.signal, "addEventListener");
    const removed = vi.spyOn(controller.signal, "removeEventListener");
    const waiting = Array.from({ length: 1000 }, () => service.call("x", { signal: controller.signal }));
    expect(added).toHaveBeenCalledOnce();
    holder?.release();
    for (const call of waiting) {
      await turn();
      leaf.last.respond();
      await call;
    }
    expect(added.mock.calls.length).toBe(removed.mock.calls.length);
    const policy = new RecordingGate("g", 0);
    const ready = gate(policy, { name: "g" }).wrap(leaf.service).ready({ signal: controller.signal });
    policy.refuse("closed");
    await expect(ready).rejects.toBe("closed");
    expect(added.mock.calls.length).toBe(removed.mock.calls.length);
    const granted = gate(policy, { name: "g" }).wrap(leaf.service).ready({ signal: controller.signal });
    policy.letIn();
    (await granted).release();
    expect(added.mock.calls.length).toBe(removed.mock.calls.length);
  });
});

/** A layer that answers before its work is over, and says so. */
const early = (): Layer => middleware("early", (request, next, options) => (void next(request, options), "early"));

describe("promise 6: until it settles", () => {
  test("a gate outside a layer that answers early stays until the work has settled", async () => {
    const { a, b, leaf, log } = three();
    const service = new ServiceBuilder()
      .layer(gate(a, { name: "A" }))
      .layer(gate(b, { name: "B" }))
      .layer(early())
      .service(leaf.service);
    expect(await service.call("x")).toBe("early");
    await turn();
    expect(log.slice(-2)).toEqual(["B answered fulfilled", "A answered fulfilled"]);
    expect([a.held, b.held]).toEqual([1, 1]);
    leaf.last.respond();
    await turn();
    expect(log.slice(-2)).toEqual(["B finish fulfilled", "A finish fulfilled"]);
    expect([a.held, b.held, a.twice, b.twice]).toEqual([0, 0, 0, 0]);
  });

  test("a gate inside a layer that answers early stays, too", async () => {
    const { a, b, leaf, log } = three();
    const service = new ServiceBuilder()
      .layer(early())
      .layer(gate(a, { name: "A" }))
      .layer(gate(b, { name: "B" }))
      .service(leaf.service);
    expect(await service.call("x")).toBe("early");
    await turn();
    expect([a.held, b.held]).toEqual([1, 1]);
    leaf.last.fail(new Error("late"));
    await turn();
    expect(log.slice(-4)).toEqual([
      "B answered rejected",
      "B finish rejected",
      "A answered rejected",
      "A finish rejected",
    ]);
    expect([a.held, b.held]).toEqual([0, 0]);
  });

  test("gates on both sides, with a second early layer outside all", async () => {
    const { a, b, leaf } = three();
    const service = new ServiceBuilder()
      .layer(early())
      .layer(gate(a, { name: "A" }))
      .layer(early())
      .layer(gate(b, { name: "B" }))
      .service(leaf.service);
    const handedUp: Promise<unknown>[] = [];
    expect(await service.call("x", { waitUntil: (work) => handedUp.push(work) })).toBe("early");
    await turn();
    expect([a.held, b.held]).toEqual([1, 1]);
    const all = Promise.all(handedUp);
    expect(await stateOf(all)).toBe("pending");
    leaf.last.respond();
    await all;
    await turn();
    expect([a.held, b.held]).toEqual([0, 0]);
  });

  test("a limit of 1 never has two running", async () => {
    for (const outside of [true, false]) {
      const leaf = new Leaf();
      const limit = gate(new Semaphore(1), { name: "limit" });
      const builder = outside
        ? new ServiceBuilder().layer(limit).layer(early())
        : new ServiceBuilder().layer(early()).layer(limit);
      const service = builder.service(leaf.service);
      await service.call(1);
      const second = service.call(2);
      await turn();
      expect(leaf.running).toBe(1);
      leaf.last.respond();
      await second;
      expect(leaf.running).toBe(1);
      leaf.last.respond();
      await turn();
      expect(service.tryReady()).toBeDefined();
    }
  });

  test("what the handler hands up holds every gate, and reaches the caller", async () => {
    const { a, b, c, service, leaf } = three();
    const waitUntil = vi.fn<() => void>();
    const call = service.call("x", { waitUntil });
    const { promise, resolve } = deferred();
    leaf.last.options.waitUntil?.(promise);
    expect(waitUntil).toHaveBeenCalledExactlyOnceWith(promise);
    leaf.last.respond();
    await call;
    await turn();
    expect([a.held, b.held, c.held]).toEqual([1, 1, 1]);
    resolve();
    await turn();
    expect([a.held, b.held, c.held]).toEqual([0, 0, 0]);
  });

  test("work that is handed up while other work still goes on holds, too, and a failure of it is nobody's", async () => {
    const { a, service, leaf } = three();
    const call = service.call("x");
    const { options } = leaf.last;
    const first = deferred();
    const second = deferred();
    options.waitUntil?.(first.promise);
    leaf.last.respond();
    await call;
    options.waitUntil?.(second.promise);
    first.reject(new Error("nobody's"));
    await turn();
    expect(a.held).toBe(1);
    second.resolve();
    await turn();
    expect([a.held, a.twice]).toEqual([0, 0]);
  });

  test("work that is handed up when all is over changes nothing", async () => {
    const { a, service, leaf, idle } = three();
    const call = service.call("x");
    leaf.last.respond();
    await call;
    idle();
    leaf.last.options.waitUntil?.(Promise.resolve());
    await turn();
    expect(a.twice).toBe(0);
    idle();
  });

  test("waitUntil loses nothing when options are spread", async () => {
    const { a, leaf } = three();
    const work = deferred();
    const service = new ServiceBuilder()
      .layer(gate(a, { name: "A" }))
      .layer(middleware("spread", (request, next, options) => next(request, { ...options, deadline: 5 })))
      .service(leaf.service);
    const call = service.call("x");
    const { waitUntil, deadline } = leaf.last.options;
    expect(deadline).toBe(5);
    waitUntil?.(work.promise);
    leaf.last.respond();
    await call;
    await turn();
    expect(a.held).toBe(1);
    work.resolve();
    await turn();
    expect(a.held).toBe(0);
  });

  test("a caller's waitUntil that throws is reported, and changes nothing", async () => {
    const { a, leaf } = three();
    const service = gate(a, { name: "A" }).wrap(leaf.service);
    const error = new Error("full");
    const waitUntil = (): void => {
      throw error;
    };
    let call: Promise<unknown> | undefined;
    const reported = await unhandledIn(() => {
      call = service.call("x", { waitUntil });
      leaf.last.options.waitUntil?.(Promise.resolve());
      leaf.last.respond("fine");
    });
    expect(reported).toEqual([error]);
    expect(await call).toBe("fine");
    expect(a.held).toBe(0);
  });
});

describe("until", () => {
  const stream = (until: (response: { ended?: Promise<void> }) => PromiseLike<unknown> | undefined) => {
    const semaphore = new Semaphore(1);
    const outer = new Semaphore(1);
    const leaf = new Leaf();
    const service = new ServiceBuilder()
      .layer(gate(outer, { name: "outer" }))
      .layer(gate(semaphore, { name: "limit", until }))
      .service(leaf.service);
    return { semaphore, outer, leaf, service };
  };

  test.each(["resolve", "reject"] as const)(
    "keeps the lease, and those further out, until its promise settles: %s",
    async (how) => {
      const body = deferred();
      const { semaphore, outer, leaf, service } = stream(({ ended }) => ended);
      const call = service.call("x");
      leaf.last.respond({ ended: body.promise });
      await call;
      await turn();
      expect([semaphore.active, outer.active]).toEqual([1, 1]);
      if (how === "resolve") body.resolve();
      else body.reject(new Error("the connection broke"));
      await turn();
      expect([semaphore.active, outer.active]).toEqual([0, 0]);
    },
  );

  test("keeps nothing where it answers undefined, and is not asked about failures", async () => {
    const until = vi.fn<() => undefined>();
    const { semaphore, leaf, service } = stream(until);
    const first = service.call("x");
    leaf.last.respond("answer");
    await first;
    expect(until).toHaveBeenCalledExactlyOnceWith("answer");
    expect(semaphore.active).toBe(0);
    const second = service.call("x");
    leaf.last.fail(new Error("no"));
    await expect(second).rejects.toThrow("no");
    expect(until).toHaveBeenCalledOnce();
    expect(semaphore.active).toBe(0);
  });

  test("that keeps nothing costs nothing: the place is free in the same microtask as without it", async () => {
    const keepsNothing = (): undefined => {};
    const microtasks: number[] = [];
    for (const until of [undefined, keepsNothing]) {
      const semaphore = new Semaphore(1);
      const leaf = new Leaf();
      void gate(semaphore, { name: "limit", until }).wrap(leaf.service).call("x");
      leaf.last.respond();
      let count = 0;
      for (; semaphore.active > 0; count++) await Promise.resolve();
      microtasks.push(count);
    }
    expect(microtasks[1]).toBe(microtasks[0]);
  });

  test("a thenable will do", async () => {
    const { semaphore, leaf, service } = stream(
      () =>
        thenable((resolve) => {
          resolve(undefined);
        }) as PromiseLike<unknown>,
    );
    const call = service.call("x");
    leaf.last.respond();
    await call;
    await turn();
    expect(semaphore.active).toBe(0);
  });

  test("a throw is reported, and the lease comes back", async () => {
    const error = new Error("not a stream");
    const { semaphore, outer, leaf, service } = stream(() => {
      throw error;
    });
    let call: Promise<unknown> | undefined;
    expect(
      await unhandledIn(() => {
        call = service.call("x");
        leaf.last.respond("answer");
      }),
    ).toEqual([error]);
    expect(await call).toBe("answer");
    expect([semaphore.active, outer.active]).toEqual([0, 0]);
  });
});

describe("a gate that throws where it must not", () => {
  test("in start: the call is rejected, reaches nobody, and nothing is held", async () => {
    const { service, a, b, c, leaf, log } = three();
    b.trap = "start";
    await expect(service.call("x")).rejects.toThrow("B start trap");
    await turn();
    expect([a.held, b.held, c.held]).toEqual([0, 0, 0]);
    expect([a.twice, b.twice, c.twice]).toEqual([0, 0, 0]);
    expect(leaf.calls).toHaveLength(0);
    expect(log.slice(-4)).toEqual(["C cancel", "B cancel", "A answered rejected", "A finish rejected"]);
  });

  test.each<Trap>(["answered", "finish"])("in %s: it is reported, and changes nothing for anybody", async (trap) => {
    const { service, b, leaf, idle } = three();
    b.trap = trap;
    let call: Promise<unknown> | undefined;
    const reported = await unhandledIn(() => {
      call = service.call("x");
      leaf.last.respond("answer");
    });
    expect(reported.map(String)).toEqual([`Error: B ${trap} trap`]);
    expect(await call).toBe("answer");
    idle();
  });

  test("in answered: the lease is kept until the body has ended all the same", async () => {
    const policy = new RecordingGate("A", 1);
    policy.trap = "answered";
    const leaf = new Leaf();
    const body = deferred();
    const service = gate(policy, { name: "A", until: () => body.promise }).wrap(leaf.service);
    const reported = await unhandledIn(() => {
      void service.call("x");
      leaf.last.respond();
    });
    expect(reported).toHaveLength(1);
    expect(policy.held).toBe(1);
    body.resolve();
    await turn();
    expect(policy.held).toBe(0);
  });

  test("in cancel: it is reported, and those further out get theirs back", async () => {
    const { service, c, idle } = three();
    c.trap = "cancel";
    expect((await unhandledIn(() => service.tryReady()?.release())).map(String)).toEqual(["Error: C cancel trap"]);
    idle();
  });

  test("in cancel, when the service inside refuses or fails: the caller sees just that", async () => {
    const { service, a, b, c } = three();
    a.trap = "cancel";
    b.trap = "cancel";
    c.free = 0;
    let permit: unknown = "none yet";
    const trapped = ["Error: B cancel trap", "Error: A cancel trap"];
    const refused = await unhandledIn(() => {
      permit = service.tryReady();
    });
    expect(refused.map(String)).toEqual(trapped);
    expect(permit).toBeUndefined();
    let failed: Promise<unknown> | undefined;
    const thrown = await unhandledIn(() => {
      c.failure = new Error("down");
      failed = service.ready();
      failed.catch(() => {});
    });
    expect(thrown.map(String)).toEqual(trapped);
    await expect(failed).rejects.toThrow("down");
    expect([a.held, b.held]).toEqual([0, 0]);
  });

  test("in cancel, when the caller aborts while waiting: the caller learns of the abort", async () => {
    const { service, a, b } = three();
    b.free = 0;
    const controller = new AbortController();
    let call: Promise<unknown> | undefined;
    const reported = await unhandledIn(() => {
      call = service.call("x", { signal: controller.signal });
      a.trap = "cancel";
      call.catch(() => {});
      controller.abort("gone");
    });
    expect(reported.map(String)).toEqual(["Error: A cancel trap"]);
    await expect(call).rejects.toBe("gone");
    expect(a.held).toBe(0);
  });

  test("in release of a permit of somebody else's: it is reported, and our own gates get theirs back", async () => {
    const semaphore = new Semaphore(1);
    const foreign = new Foreign(1);
    const tryReady = foreign.tryReady.bind(foreign);
    foreign.tryReady = () => ({
      ...tryReady()!,
      release() {
        throw new Error("rude");
      },
    });
    const service = gate(semaphore, { name: "limit" }).wrap(foreign);
    expect((await unhandledIn(() => service.tryReady()?.release())).map(String)).toEqual(["Error: rude"]);
    expect(semaphore.active).toBe(0);
  });

  test.each<[string, () => object]>([
    [
      "a throw",
      () => {
        throw new Error("acquire");
      },
    ],
    ["a rejection", () => Promise.reject(new Error("acquire"))],
    [
      "a thenable that throws",
      () =>
        thenable(() => {
          throw new Error("acquire");
        }),
    ],
  ])("in acquire, %s: the call is rejected, and those further out get theirs back", async (_, acquire) => {
    const { a, leaf } = three();
    const policy: Gate<unknown> = { tryAcquire: () => undefined, acquire: acquire as Gate<unknown>["acquire"] };
    const service = new ServiceBuilder()
      .layer(gate(a, { name: "A" }))
      .layer(gate(policy, { name: "hostile" }))
      .service(leaf.service);
    await expect(service.call("x")).rejects.toThrow("acquire");
    await expect(service.ready()).rejects.toThrow("acquire");
    // With a wait further out, too.
    a.free = 0;
    const call = service.call("x");
    a.free = 1;
    a.letIn();
    await expect(call).rejects.toThrow("acquire");
    expect(a.held).toBe(0);
  });

  test("an acquire that answers with a thenable serves", async () => {
    const finish = vi.fn<() => void>();
    const acquire = (): object =>
      thenable((resolve) => {
        resolve({ cancel() {}, finish } satisfies Lease);
      });
    const policy: Gate<unknown> = { tryAcquire: () => undefined, acquire: acquire as Gate<unknown>["acquire"] };
    const service = gate(policy, { name: "thenable" }).wrap(answering("ok"));
    expect(await service.call("x")).toBe("ok");
    expect(finish).toHaveBeenCalledOnce();
  });
});

describe("promise 10: precise when told", () => {
  test("the gate is told the request, the signal and the deadline", async () => {
    const policy = new RecordingGate("A", 0);
    const service = gate(policy, { name: "A" }).wrap(answering("ok"));
    const { signal } = new AbortController();
    const call = service.call("x", { signal, deadline: 5 });
    expect(policy.asked).toEqual([{ request: "x" }, { request: "x" }, { request: "x", signal, deadline: 5 }]);
    policy.free = 1;
    policy.letIn();
    await call;
    policy.asked.length = 0;
    service.tryReady("y")?.release();
    service.tryReady()?.release();
    expect(policy.asked).toEqual([{ request: "y" }, { request: undefined }]);
  });
});

describe("refusals", () => {
  test("tryReady leaves behind which gate refused, and for how long", () => {
    const limit = gate(new Semaphore(1), { name: "limit" });
    const policy = Object.assign(new RecordingGate("A", 0), {
      retryAfter: (request: unknown) => (request === "x" ? 250 : undefined),
    });
    const service = new ServiceBuilder()
      .layer(limit)
      .layer(gate(policy, { name: "rate" }))
      .service(answering("ok"));
    takeRefusal();
    service.tryReady("x");
    expect(takeRefusal()).toMatchObject({ layer: "rate", retryAfter: 250 });
    expect(takeRefusal()).toBeUndefined();
    service.tryReady("y");
    expect(takeRefusal()).toMatchObject({ layer: "rate", retryAfter: undefined });
  });

  test("refuse is for layers of one's own: undefined, with a note beside it", () => {
    expect(refuse("mine", { retryAfter: 10, reason: "closed", label: "db" })).toBeUndefined();
    expect(takeRefusal()).toEqual({ layer: "mine", label: "db", reason: "closed", retryAfter: 10 });
    refuse("mine");
    expect(takeRefusal()).toEqual({ layer: "mine", label: undefined, reason: "capacity", retryAfter: undefined });
  });
});

describe("a gate that holds until the start", () => {
  const counting = () => {
    const policy = Object.assign(new RecordingGate("A", 1), { holds: "start" as const });
    const leaf = new Leaf();
    return { policy, leaf, service: gate(policy, { name: "rate" }).wrap(leaf.service) };
  };

  test("is told of the start, and not how the call ends", async () => {
    const { policy, leaf, service } = counting();
    const answer = service.call("x");
    leaf.last.respond("ok");
    expect(await hops(answer)).toBe(0);
    expect(await answer).toBe("ok");
    expect(policy.log).toEqual(["A in", "A start"]);
  });

  test("gets its lease back unused", () => {
    const { policy, service } = counting();
    service.tryReady()?.release();
    expect(policy.log).toEqual(["A in", "A cancel"]);
  });

  test("needs no start in its lease", async () => {
    const lease = { cancel: vi.fn<() => void>(), finish: vi.fn<() => void>() };
    const policy: Gate<unknown> = {
      tryAcquire: () => lease,
      acquire: () => Promise.resolve(lease),
      holds: "start",
    };
    expect(await gate(policy, { name: "rate" }).wrap(answering("ok")).call("x")).toBe("ok");
    expect(lease.cancel).not.toHaveBeenCalled();
  });

  test("that throws in start: the call is rejected, reaches nobody, and nothing is held", async () => {
    const { policy, leaf, service } = counting();
    policy.trap = "start";
    await expect(service.call("x")).rejects.toThrow("A start trap");
    expect(leaf.calls).toEqual([]);
    expect(policy.log).toEqual(["A in", "A start", "A cancel"]);
  });
});

describe("a gate in its plainest form", () => {
  test("needs a lease with cancel and finish alone", async () => {
    const outcomes: unknown[] = [];
    const lease: Lease = { cancel: () => outcomes.push("cancel"), finish: (outcome) => outcomes.push(outcome) };
    const policy: Gate<unknown> = { tryAcquire: () => lease, acquire: async () => lease };
    const service = gate(policy, { name: "plain" }).wrap(answering("ok"));
    await service.call("x");
    service.tryReady()?.release();
    expect(outcomes).toEqual([{ status: "fulfilled", value: "ok" }, "cancel"]);
  });

  test("is told the outcome of the answer", async () => {
    const error = new Error("no");
    const answered = vi.fn<() => void>();
    const finish = vi.fn<() => void>();
    const lease: Lease = { cancel() {}, answered, finish };
    const policy: Gate<unknown> = { tryAcquire: () => lease, acquire: async () => lease };
    const service = gate(policy, { name: "plain" }).wrap(serviceFn(() => Promise.reject(error)));
    await expect(service.call("x")).rejects.toBe(error);
    const outcome = { status: "rejected", reason: error };
    expect(answered).toHaveBeenCalledExactlyOnceWith(outcome);
    expect(finish).toHaveBeenCalledExactlyOnceWith(outcome);
  });

  test("wraps many services, and is held by all of them together", () => {
    const semaphore = new Semaphore(1);
    const layer = gate(semaphore, { name: "shared" });
    const [one, two] = [layer.wrap(answering(1)), layer.wrap(answering(2))];
    const permit = one.tryReady();
    expect(two.tryReady()).toBeUndefined();
    permit?.release();
    expect(two.tryReady()).toBeDefined();
  });

  test("carries its policy as the layer's state", () => {
    const semaphore = new Semaphore(1);
    expect(gate(semaphore, { name: "limit" })).toMatchObject({ name: "limit", state: semaphore });
  });
});

describe("promise 14: bad options", () => {
  const policy = new Semaphore(1);
  const throwing = (name: string): object => ({
    name: "ok",
    get [name](): never {
      throw new Error("from a getter");
    },
  });
  test.each<[string, () => unknown, RegExp]>([
    ["no gate", () => gate(undefined as never, { name: "x" }), /^gate: gate must be a gate .* received undefined/],
    ["null", () => gate(null as never, { name: "x" }), /received null/],
    ["no methods", () => gate({} as never, { name: "x" }), /tryAcquire, acquire.* received an object/],
    [
      "one method",
      () => gate({ tryAcquire() {} } as never, { name: "x" }),
      /^gate: gate must be a gate .* received an object/,
    ],
    ["a method that cannot be read", () => gate(throwing("tryAcquire") as never, { name: "x" }), /^gate: gate must be/],
    [
      "retryAfter a number",
      () => gate(Object.assign(new Semaphore(1), { retryAfter: 5 as never }), { name: "x" }),
      /^gate: gate\.retryAfter must be a function; received 5/,
    ],
    [
      "retryAfter that cannot be read",
      () => gate(Object.assign(throwing("retryAfter"), { tryAcquire() {}, acquire() {} }) as never, { name: "x" }),
      /^gate: gate\.retryAfter could not be read/,
    ],
    [
      "holds that cannot be read",
      () => gate(Object.assign(throwing("holds"), { tryAcquire() {}, acquire() {} }) as never, { name: "x" }),
      /^gate: gate\.holds could not be read/,
    ],
    ["an empty label", () => gate(policy, { name: "x", label: "" }), /^gate: label must be a non-empty string/],
    ["no options", () => gate(policy, undefined as never), /^gate: .* received undefined/],
    ["options null", () => gate(policy, null as never), /^gate: options must be an object; received null/],
    ["options a string", () => gate(policy, "x" as never), /^gate: options must be an object; received "x"/],
    ["no name", () => gate(policy, {} as never), /name must be a non-empty string; received undefined/],
    ["an empty name", () => gate(policy, { name: "" }), /name must be a non-empty string; received ""/],
    ["a name that cannot be read", () => gate(policy, throwing("name") as never), /^gate: name could not be read/],
    [
      "until a number",
      () => gate(policy, { name: "x", until: 5 as never }),
      /^gate: until must be a function; received 5/,
    ],
    ["until that cannot be read", () => gate(policy, throwing("until") as never), /^gate: until could not be read/],
  ])("%s", (_, make, message) => {
    expect(make).toThrow(TypeError);
    expect(make).toThrow(message);
  });
});

test("layers of one's own may stand between gates", async () => {
  const { a, b, leaf } = three();
  const own = layerFn("own", (inner) => inner);
  const service = new ServiceBuilder()
    .layer(gate(a, { name: "A" }))
    .layer(own)
    .layer(gate(b, { name: "B" }))
    .service(leaf.service);
  const call = service.call("x");
  leaf.last.respond("y");
  expect(await call).toBe("y");
  expect([a.held, b.held]).toEqual([0, 0]);
});
