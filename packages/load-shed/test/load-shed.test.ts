import { AsyncLocalStorage } from "node:async_hooks";
import {
  events,
  type Gate,
  gate,
  isPermitSpentError,
  type LayerEvent,
  type Lease,
  refuse,
  Semaphore,
  type Service,
  ServiceBuilder,
  serviceFn,
  takeRefusal,
} from "@sluice/core";
import { mockService, VirtualClock } from "@sluice/testing";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isOverloadedError, loadShed, OverloadedError } from "../src/index.ts";
import { unhandledIn } from "@sluice/test-kit";

const shedding = () => {
  const shed = loadShed();
  const [inner, handle] = mockService<string, string>();
  return { shed, inner, handle, service: shed.wrap(inner) };
};

/** Lets everything settle that can. */
const settle = (): Promise<void> => new VirtualClock().advance(0);

/** So many may start, ever; who is refused is told to come back in `retryAfter`. */
class Quota implements Gate<unknown> {
  left: number;
  private readonly after: number;

  constructor(left: number, after: number) {
    this.left = left;
    this.after = after;
  }

  tryAcquire(): Lease | undefined {
    if (this.left === 0) return undefined;
    this.left--;
    return {
      cancel: () => {
        this.left++;
      },
      finish() {},
    };
  }

  acquire(): Promise<Lease> {
    throw new Error("Nobody is to wait here.");
  }

  retryAfter(): number {
    return this.after;
  }
}

describe("what tower promises", () => {
  test("when the inner service is ready, the call goes through", async () => {
    const { shed, handle, service } = shedding();
    const permit = await service.ready();
    const answer = permit.call("hello");
    const { request, respond } = await handle.nextRequest();
    expect(request).toBe("hello");
    respond("world");
    expect(await answer).toBe("world");
    expect(shed.refused).toBe(0);
  });

  test("when the inner service is not ready, it is ready all the same, and sheds in the call", async () => {
    const { shed, handle, service } = shedding();
    handle.allow(0);
    const permit = await service.ready();
    expect(shed.refused).toBe(0);
    await expect(permit.call("hello")).rejects.toSatisfy(isOverloadedError);
    expect(shed.refused).toBe(1);
    handle.expectNoRequest();
  });

  test("readiness counts once: what was refused at the reservation is shed, though there is room by the call", async () => {
    const { handle, service } = shedding();
    handle.allow(0);
    const refused = service.tryReady();
    handle.allow(1);
    const accepted = service.tryReady();
    handle.allow(0);
    await expect(refused?.call("first")).rejects.toBeInstanceOf(OverloadedError);
    const answer = accepted?.call("second");
    const { request, respond } = await handle.nextRequest();
    expect(request).toBe("second");
    respond("done");
    expect(await answer).toBe("done");
  });
});

describe("promise 1: reservation", () => {
  test("a permit holds what is inside, and gives it back", () => {
    const { handle, service } = shedding();
    {
      using permit = service.tryReady();
      expect(permit).toBeDefined();
      expect(handle.reserved).toBe(1);
    }
    expect(handle).toMatchObject({ reserved: 0, released: 1 });
  });

  test("a permit that is to shed holds nothing, and nobody is refused when it is released", async () => {
    const { shed, handle, service } = shedding();
    handle.allow(0);
    service.tryReady()?.release();
    expect(shed.refused).toBe(0);
    expect(handle).toMatchObject({ reserved: 0, released: 0 });
    const aborted = service.tryReady()?.call("a", { signal: AbortSignal.abort("gone") });
    await expect(aborted).rejects.toBe("gone");
    expect(shed.refused).toBe(0);
  });
});

describe("promise 2: spent once", () => {
  test("a second call is told so, and not shed again", async () => {
    const { shed, handle, service } = shedding();
    handle.allow(0);
    const permit = service.tryReady();
    await expect(permit?.call("a")).rejects.toSatisfy(isOverloadedError);
    await expect(permit?.call("a")).rejects.toSatisfy(isPermitSpentError);
    expect(shed.refused).toBe(1);
  });
});

describe("promise 3: nothing leaks", () => {
  test("nobody is ever left waiting inside, whatever the schedule", async () => {
    const steps = fc.array(
      fc.record({ do: fc.constantFrom("call", "ready", "try", "respond", "release", "allow", "fail"), to: fc.nat(2) }),
    );
    await fc.assert(
      fc.asyncProperty(steps, async (schedule) => {
        const { shed, handle, service } = shedding();
        const permits: (Disposable | undefined)[] = [];
        let refusals = 0;
        const failed = (error: unknown): void => {
          if (isOverloadedError(error)) refusals++;
        };
        for (const step of schedule) {
          if (step.do === "call") service.call("a").catch(failed);
          if (step.do === "ready") service.ready().then((permit) => permits.push(permit), failed);
          if (step.do === "try") {
            try {
              permits.push(service.tryReady());
            } catch (error) {
              failed(error);
            }
          }
          if (step.do === "respond" && handle.active > 0) (await handle.nextRequest()).respond("A");
          if (step.do === "release") permits.shift()?.[Symbol.dispose]();
          if (step.do === "allow") handle.allow(step.to);
          if (step.do === "fail") handle.sendFailure(new Error("down"));
          await settle();
          expect(handle.waiting).toBe(0);
          expect(permits).not.toContain(undefined);
          expect(shed.refused).toBe(refusals);
        }
        for (const permit of permits) permit?.[Symbol.dispose]();
        expect(handle.reserved).toBe(0);
      }),
      { numRuns: 150 },
    );
  });
});

describe("failures", () => {
  test("of the inner service's readiness stay failures, wherever they are asked for", async () => {
    const { shed, handle, service } = shedding();
    const failure = new Error("down");
    handle.sendFailure(failure);
    expect(() => service.tryReady()).toThrow(failure);
    handle.sendFailure(failure);
    await expect(service.ready()).rejects.toBe(failure);
    handle.sendFailure(failure);
    await expect(service.call("a")).rejects.toBe(failure);
    expect(shed.refused).toBe(0);
  });

  test("of a further gate's, when it is asked from further out", async () => {
    const { handle, service } = shedding();
    const semaphore = new Semaphore(1);
    const outer = gate(semaphore, { name: "outer" }).wrap(service);
    const holder = outer.tryReady();
    const waiting = outer.ready();
    const failure = new Error("down");
    handle.sendFailure(failure);
    holder?.release();
    await expect(waiting).rejects.toBe(failure);
    expect(semaphore.active).toBe(0);
  });

  test("of the call stay failures", async () => {
    const { handle, service } = shedding();
    const answer = service.call("a");
    const failure = new Error("no");
    (await handle.nextRequest()).fail(failure);
    await expect(answer).rejects.toBe(failure);
  });
});

describe("promise 5: abort", () => {
  test("a signal that is aborted already reaches nobody", async () => {
    const { shed, handle, service } = shedding();
    const signal = AbortSignal.abort("gone");
    await expect(service.call("a", { signal })).rejects.toBe("gone");
    await expect(service.ready({ signal })).rejects.toBe("gone");
    expect(handle).toMatchObject({ calls: 0, reserved: 0 });
    expect(shed.refused).toBe(0);
  });

  test("the signal and the rest of the options are passed down as they are", async () => {
    const { handle, service } = shedding();
    const options = { signal: new AbortController().signal, deadline: 5, waitUntil() {} };
    const answer = service.call("a", options);
    const call = await handle.nextRequest();
    expect(call.options).toBe(options);
    call.respond("A");
    await answer;
  });
});

describe("promise 6: until it settles", () => {
  test("a gate outside of it keeps its slot while work that was handed up goes on", async () => {
    const semaphore = new Semaphore(1);
    let finish!: () => void;
    const work = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const service = new ServiceBuilder()
      .layer(loadShed())
      .layer(gate(semaphore, { name: "slots" }))
      .layer(loadShed())
      .serviceFn((_request: string, { waitUntil }) => {
        waitUntil?.(work);
        return "early";
      });
    expect(await service.call("a")).toBe("early");
    await expect(service.call("b")).rejects.toMatchObject({ layer: "slots" });
    finish();
    await settle();
    expect(await service.call("c")).toBe("early");
  });
});

describe("promise 7: never thrown at you", () => {
  test("a refusal is a rejection, reported where it is ignored and nowhere else", async () => {
    const { handle, service } = shedding();
    handle.allow(0);
    const reported = await unhandledIn(() => {
      void service.call("ignored");
    });
    expect(reported).toEqual([expect.any(OverloadedError)]);
    expect(await unhandledIn(() => service.call("handled").catch(() => {}))).toEqual([]);
  });

  test("so is an ignored failure of the service inside", async () => {
    const failure = new Error("no");
    const service = loadShed().wrap(serviceFn(() => Promise.reject(failure)));
    expect(await unhandledIn(() => void service.call("ignored"))).toEqual([failure]);
    expect(await unhandledIn(() => service.call("handled").catch(() => {}))).toEqual([]);
  });
});

describe("promise 8: context", () => {
  test("the work runs in the context of its caller", async () => {
    const context = new AsyncLocalStorage<string>();
    const service = loadShed().wrap(serviceFn(() => context.getStore()));
    expect(await context.run("mine", () => service.call("a"))).toBe("mine");
  });
});

describe("promise 11: free where idle", () => {
  test("it adds no microtask to an answer, and hands on the promise itself", () => {
    const answer = Promise.resolve("A");
    let started = false;
    const inner = serviceFn(() => {
      started = true;
      return answer;
    });
    const service = loadShed().wrap(inner);
    expect(service.call("a")).toBe(answer);
    expect(started).toBe(true);
  });
});

describe("a refusal", () => {
  test("names the layer that refused, and says when to come back where that is known", async () => {
    const slots = new Semaphore(1);
    const quota = new Quota(2, 250);
    const shed = loadShed();
    const service = new ServiceBuilder()
      .layer(shed)
      .layer(gate(quota, { name: "rate" }))
      .layer(gate(slots, { name: "slots" }))
      .serviceFn((work: Promise<string>) => work);

    let finish!: (response: string) => void;
    const first = service.call(new Promise((resolve) => (finish = resolve)));
    // The rate lets in, and the slots do not: its permit comes back.
    const second = service.call(Promise.resolve("second"));
    await expect(second).rejects.toMatchObject({ layer: "slots", retryAfter: undefined });
    expect(quota.left).toBe(1);
    expect(slots).toMatchObject({ active: 1, waiting: 0 });

    finish("first");
    expect(await first).toBe("first");
    expect(await service.call(Promise.resolve("third"))).toBe("third");
    await expect(service.call(Promise.resolve("fourth"))).rejects.toMatchObject({ layer: "rate", retryAfter: 250 });
    await expect(service.call(Promise.resolve("fifth"))).rejects.toMatchObject({ layer: "rate" });
    expect([...shed.refusedBy]).toEqual([
      ["slots", 1],
      ["rate", 2],
    ]);
    expect(slots).toMatchObject({ active: 0, waiting: 0 });
  });

  test("is that of the permit, though others were refused between its reservation and its call", async () => {
    const one = loadShed().wrap(gate(new Quota(0, 1), { name: "one" }).wrap(serviceFn(() => 1)));
    const other = loadShed().wrap(gate(new Quota(0, 2), { name: "other" }).wrap(serviceFn(() => 2)));
    const [first, second] = [one.tryReady(), other.tryReady()];
    await expect(first?.call("a")).rejects.toMatchObject({ layer: "one", retryAfter: 1 });
    await expect(second?.call("a")).rejects.toMatchObject({ layer: "other", retryAfter: 2 });
  });

  test("has no name where the service inside leaves none, whatever somebody else left behind", async () => {
    /** Somebody's own service, which is never ready and says nothing. */
    const silent = {
      tryReady: () => undefined,
      ready: () => Promise.reject(new Error("Nobody is to wait here.")),
      call: () => Promise.reject(new Error("Nobody is to call.")),
    } as unknown as Service<string, string, never>;
    refuse("somebody else", { retryAfter: 5 });
    const error: unknown = await loadShed()
      .wrap(silent)
      .call("a")
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(OverloadedError);
    expect(error).toMatchObject({ layer: undefined, retryAfter: undefined, code: "ERR_SLUICE_OVERLOADED" });
    expect(takeRefusal()).toBeUndefined();
  });

  test("is answered by the innermost that sheds", async () => {
    const [outer, inner] = [loadShed(), loadShed()];
    const service = new ServiceBuilder()
      .layer(outer)
      .layer(inner)
      .layer(gate(new Semaphore(0), { name: "slots" }))
      .serviceFn(() => 1);
    await expect(service.call("a")).rejects.toMatchObject({ layer: "slots" });
    expect([outer.refused, inner.refused]).toEqual([0, 1]);
  });

  test("is counted for all the services that the layer wraps, which may be in one stack", async () => {
    const shed = loadShed();
    const full = (): Service<unknown, number, OverloadedError> =>
      new ServiceBuilder()
        .layer(shed)
        .layer(shed)
        .layer(gate(new Semaphore(0), { name: "slots" }))
        .serviceFn(() => 1);
    await expect(full().call("a")).rejects.toSatisfy(isOverloadedError);
    await expect(full().call("b")).rejects.toSatisfy(isOverloadedError);
    expect(shed.refused).toBe(2);
    expect(new ServiceBuilder().layer(shed).describe()).toEqual(["loadShed"]);
  });
});

describe("under load", () => {
  test("as many as there is room for are served, and the others are refused at once", async () => {
    const slots = new Semaphore(5);
    const shed = loadShed();
    const finishers: (() => void)[] = [];
    const service = new ServiceBuilder()
      .layer(shed)
      .layer(gate(slots, { name: "slots" }))
      .serviceFn(
        (name: number) =>
          new Promise<number>((resolve) =>
            finishers.push(() => {
              resolve(name);
            }),
          ),
      );
    const answers = Array.from({ length: 10 }, (_, name) => service.call(name).catch((error: unknown) => error));
    await expect(Promise.all(answers.slice(5))).resolves.toSatisfy((errors: unknown[]) =>
      errors.every(isOverloadedError),
    );
    expect(shed.refused).toBe(5);
    for (const finish of finishers) finish();
    expect(await Promise.all(answers.slice(0, 5))).toEqual([0, 1, 2, 3, 4]);
  });
});

describe("what is seen of a refusal", () => {
  const refusing = () => {
    const shed = loadShed({ label: "search" });
    const service = new ServiceBuilder()
      .layer(shed)
      .layer(gate(new Quota(0, 250), { name: "quota", label: "db" }))
      .serviceFn(() => 1);
    return { shed, service };
  };

  test("the event says who refused, once for each call, and nothing of permits that are released", async () => {
    const heard: LayerEvent[] = [];
    const subscription = events.subscribe((event) => heard.push(event));
    try {
      const { service } = refusing();
      service.tryReady()?.release();
      await service.call("a").catch(() => {});
      expect(heard).toEqual([
        {
          type: "shed",
          layer: "loadShed",
          label: "search",
          source: expect.anything() as object,
          by: "quota",
          byLabel: "db",
          retryAfter: 250,
        },
      ]);
    } finally {
      subscription[Symbol.dispose]();
    }
  });

  test("the error has the label and the reason of the layer that refused", async () => {
    await expect(refusing().service.call("a")).rejects.toMatchObject({
      layer: "quota",
      label: "db",
      reason: "capacity",
    });
  });

  test("where the service inside says nothing, it is counted and announced as unknown", async () => {
    const { shed } = refusing();
    const silent = { tryReady: () => undefined, ready: () => new Promise(() => {}), call: () => new Promise(() => {}) };
    const service = shed.wrap(silent as unknown as Service<string, string, never>);
    const heard: LayerEvent[] = [];
    const subscription = events.subscribe((event) => heard.push(event));
    try {
      await expect(service.call("a")).rejects.toSatisfy(isOverloadedError);
    } finally {
      subscription[Symbol.dispose]();
    }
    expect([...shed.refusedBy]).toEqual([["unknown", 1]]);
    expect(heard).toMatchObject([{ type: "shed", by: "unknown", byLabel: undefined }]);
  });

  test("it says what it is, for those who judge a stack", () => {
    expect(loadShed({ label: "search", wait: 50, retryAfter: 10 }).about).toEqual({
      label: "search",
      traits: ["sheds"],
      facts: { wait: 50, retryAfter: 10 },
    });
  });

  test("JSON of the layer is its name, label and counters", async () => {
    const { shed, service } = refusing();
    await service.call("a").catch(() => {});
    expect(JSON.parse(JSON.stringify(shed))).toEqual({ name: "loadShed", label: "search", refused: 1, waiting: 0 });
  });
});
