import { describe, expect, test, vi } from "vitest";
import { gate, isPermitSpentError, type Permit, type ReadyOptions, Semaphore, Service } from "../src/index.ts";
import { permit as permitOfOwn } from "../src/kit.ts";
import { Foreign } from "./helper/foreign.ts";
import { answering, Leaf } from "./helper/leaf.ts";
import { stateOf, turn } from "@sluice/test-kit";

const limited = (max: number, leaf = new Leaf()) => {
  const semaphore = new Semaphore(max);
  return { leaf, semaphore, service: gate(semaphore, { name: "limit" }).wrap(leaf.service) };
};

/** A permit of `service`, which must have one. */
function permitOf<Req, Res, Err>(service: Service<Req, Res, Err>): Permit<Req, Res, Err> {
  const permit = service.tryReady();
  if (permit === undefined) throw new Error("The service is not ready.");
  return permit;
}

describe("promise 14: options of a call that are none", () => {
  const boom = new Error("boom");
  const throwing = (name: string): object => ({
    get [name](): never {
      throw boom;
    },
  });
  type Case = [options: object | null, problem: unknown];
  const bad: readonly Case[] = [
    [null, "options must be an object; received null"],
    [{ signal: null }, "signal must be an AbortSignal; received null"],
    [{ signal: new AbortController() }, "signal must be an AbortSignal; received an object"],
    [{ signal: new EventTarget() }, "signal must be an AbortSignal; received an object"],
    [{ deadline: "soon" }, 'deadline must be a number; received "soon"'],
    [{ deadline: Number.NaN }, "deadline must be a number; received NaN"],
    [throwing("deadline"), boom],
    [throwing("signal"), boom],
  ];

  test.each<Case>([
    ...bad,
    [{ waitUntil: 5 }, "waitUntil must be a function; received 5"],
    [throwing("waitUntil"), boom],
  ])("reject, and nothing is lost: case %#", async (options, problem) => {
    const { leaf, semaphore, service } = limited(1);
    const reason = typeof problem === "string" ? { message: `call: ${problem}` } : problem;
    await expect(service.call("a", options as never)).rejects.toMatchObject(reason as object);
    await expect(permitOf(service).call("a", options as never)).rejects.toMatchObject(reason as object);
    expect(leaf.calls).toHaveLength(0);
    expect(semaphore.active).toBe(0);
  });

  test.each<Case>([...bad, [throwing("request"), boom]])(
    "reject where readiness is asked for: case %#",
    async (options, problem) => {
      const { semaphore, service } = limited(1);
      const reason = typeof problem === "string" ? { message: `ready: ${problem}` } : problem;
      for (const held of [undefined, permitOf(service)]) {
        await expect(service.ready(options as never)).rejects.toMatchObject(reason as object);
        expect(semaphore.waiting).toBe(0);
        held?.release();
      }
      expect(semaphore.active).toBe(0);
    },
  );
});

describe("promise 14: options of a call that nobody knows", () => {
  type Case = [options: object, owner: "call" | "ready", message: string];
  const { signal } = new AbortController();
  const cases: readonly Case[] = [
    [signal, "call", "options must be an object such as { signal }; received an AbortSignal"],
    [signal, "ready", "options must be an object such as { signal }; received an AbortSignal"],
    [
      { timeout: 5 },
      "call",
      "timeout is not an option; did you mean deadline, a time such as performance.now() + 500, or the timeout layer?",
    ],
    [{ sginal: signal }, "ready", "sginal is not an option; did you mean signal?"],
    [{ signal, deadlien: 5 }, "call", "deadlien is not an option; did you mean deadline?"],
    [{ mine: undefined }, "call", "mine is not an option; the options are signal, deadline, waitUntil"],
    [{ request: "a" }, "call", "request is not an option; the options are signal, deadline, waitUntil"],
    // In the place of the options: the request.
    [{ id: 5 }, "ready", "id is not an option; the options are signal, deadline, request"],
  ];
  test.each(cases)("are a TypeError that names what was meant: case %#", async (options, owner, message) => {
    const { leaf, semaphore, service } = limited(1);
    const error = { name: "TypeError", message: `${owner}: ${message}` };
    const own = permitOfOwn(
      (request: string) => request,
      () => {},
    );
    const asked: readonly (() => Promise<unknown>)[] =
      owner === "ready"
        ? [() => service.ready(options)]
        : [() => service.call("a", options), () => permitOf(service).call("a", options), () => own.call("a", options)];
    for (const ask of asked) await expect(ask()).rejects.toMatchObject(error);
    expect(leaf.calls).toHaveLength(0);
    expect(semaphore.active).toBe(0);
  });

  test("are not symbols, nor what an object of options inherits, nor what is meant for the call", async () => {
    const service = gate(new Semaphore(1), { name: "limit" }).wrap(answering("A"));
    class Options {
      readonly deadline = 5;
    }
    const inherits = Object.create(Object.assign(new Options(), { mine: 1 })) as object;
    for (const each of [{ [Symbol("mine")]: 1 }, new Options(), inherits]) {
      await expect(service.call("a", each)).resolves.toBeDefined();
    }
    const options = { request: "a", waitUntil() {} };
    (await service.ready(options)).release();
  });
});

describe("promise 1: reservation", () => {
  test("a permit takes capacity with nothing in flight", () => {
    const { semaphore, service, leaf } = limited(1);
    const permit = permitOf(service);
    expect(semaphore.active).toBe(1);
    expect(service.tryReady()).toBeUndefined();
    expect(leaf.calls).toHaveLength(0);
    permit.release();
    expect(semaphore.active).toBe(0);
  });

  test("ready answers with a permit where there is capacity, and waits where there is none", async () => {
    const { service } = limited(1);
    const first = await service.ready();
    const second = service.ready();
    expect(await stateOf(second)).toBe("pending");
    first.release();
    (await second).release();
    expect(service.tryReady()).toBeDefined();
  });
});

describe("promise 2: a permit is spent once", () => {
  test("a second call rejects with PermitSpentError and reaches nobody", async () => {
    const { service, leaf } = limited(2);
    const permit = permitOf(service);
    const answer = permit.call("first");
    await expect(permit.call("second")).rejects.toSatisfy(isPermitSpentError);
    expect(leaf.calls.map(({ request }) => request)).toEqual(["first"]);
    leaf.last.respond("done");
    expect(await answer).toBe("done");
    await expect(permit.call("third")).rejects.toSatisfy(isPermitSpentError);
    expect(leaf.calls).toHaveLength(1);
  });

  test("a call after release rejects with PermitSpentError and reaches nobody", async () => {
    const { service, leaf, semaphore } = limited(1);
    const permit = permitOf(service);
    permit.release();
    await expect(permit.call("late")).rejects.toSatisfy(isPermitSpentError);
    expect(leaf.calls).toHaveLength(0);
    expect(semaphore.active).toBe(0);
  });

  test("a second release does nothing, also when somebody else holds the place by then", () => {
    const { service, semaphore } = limited(1);
    const permit = permitOf(service);
    permit.release();
    const other = permitOf(service);
    permit.release();
    expect(semaphore.active).toBe(1);
    other.release();
    expect(semaphore.active).toBe(0);
  });

  test("release after a call does nothing while the call is in flight", async () => {
    const { service, semaphore, leaf } = limited(1);
    const permit = permitOf(service);
    const answer = permit.call("work");
    permit.release();
    expect(semaphore.active).toBe(1);
    leaf.last.respond();
    await answer;
    expect(semaphore.active).toBe(0);
  });

  test("leaving a `using` block gives the permit back, unless it was called", async () => {
    const { service, semaphore, leaf } = limited(1);
    {
      using permit = permitOf(service);
      expect(permit).toBeDefined();
      expect(semaphore.active).toBe(1);
    }
    expect(semaphore.active).toBe(0);
    let answer: Promise<unknown>;
    {
      using permit = permitOf(service);
      answer = permit.call("work");
    }
    expect(semaphore.active).toBe(1);
    leaf.last.respond("done");
    expect(await answer).toBe("done");
    expect(semaphore.active).toBe(0);
  });

  test("leaving a `using` block by a throw gives the permit back", () => {
    const { service, semaphore } = limited(1);
    expect(() => {
      using permit = permitOf(service);
      expect(permit).toBeDefined();
      throw new Error("changed my mind");
    }).toThrow("changed my mind");
    expect(semaphore.active).toBe(0);
  });
});

describe("promise 5: abort", () => {
  const reason = { why: "the caller hung up" };
  const aborted = AbortSignal.abort(reason);

  test("Permit.call with an aborted signal gives the permit back and rejects with the reason itself", async () => {
    const { service, semaphore, leaf } = limited(1);
    const permit = permitOf(service);
    await expect(permit.call("x", { signal: aborted })).rejects.toBe(reason);
    expect(semaphore.active).toBe(0);
    expect(leaf.calls).toHaveLength(0);
    await expect(permit.call("x")).rejects.toSatisfy(isPermitSpentError);
  });

  test("Service.call with an aborted signal reaches nobody", async () => {
    const { service, semaphore, leaf } = limited(1);
    await expect(service.call("x", { signal: aborted })).rejects.toBe(reason);
    expect(semaphore.active).toBe(0);
    expect(leaf.calls).toHaveLength(0);
  });

  test("ready with an aborted signal reaches nobody", async () => {
    const { service, semaphore } = limited(1);
    const asked = vi.spyOn(semaphore, "tryAcquire");
    await expect(service.ready({ signal: aborted })).rejects.toBe(reason);
    expect(asked).not.toHaveBeenCalled();
    expect(semaphore.active).toBe(0);
  });

  test("a waiting call rejects with the reason itself, and its request never reaches the leaf", async () => {
    const { service, leaf, semaphore } = limited(1);
    const first = service.call("first");
    const controller = new AbortController();
    const second = service.call("second", { signal: controller.signal });
    expect(semaphore.waiting).toBe(1);
    controller.abort(reason);
    expect(semaphore.waiting).toBe(0);
    await expect(second).rejects.toBe(reason);
    leaf.last.respond();
    await first;
    expect(leaf.calls).toHaveLength(1);
    expect(semaphore.active).toBe(0);
  });

  test("a call in flight is told by its signal, and settles when the work does", async () => {
    const { service, leaf, semaphore } = limited(1);
    const controller = new AbortController();
    const call = service.call("work", { signal: controller.signal });
    expect(leaf.last.options.signal).toBe(controller.signal);
    controller.abort(reason);
    expect(await stateOf(call)).toBe("pending");
    expect(semaphore.active).toBe(1);
    leaf.last.respond("done all the same");
    expect(await call).toBe("done all the same");
    expect(semaphore.active).toBe(0);
  });

  test.each([
    ["undefined, which makes it an AbortError", undefined],
    ["null", null],
    ["a string", "stop"],
    ["a frozen object", Object.freeze({})],
  ])("the reason is passed on as it is when it is %s", async (_, given) => {
    const { service } = limited(0);
    const controller = new AbortController();
    const waiting = service.call("x", { signal: controller.signal });
    controller.abort(given);
    await expect(waiting).rejects.toBe(controller.signal.reason);
  });
});

describe("promise 7: never thrown at you", () => {
  test("Service.call rejects with what tryReady throws", async () => {
    const foreign = new Foreign(1);
    foreign.failure = new Error("closed");
    await expect(foreign.call("x")).rejects.toBe(foreign.failure);
    const inside = gate(new Semaphore(1), { name: "limit" }).wrap(foreign);
    await expect(inside.call("x")).rejects.toBe(foreign.failure);
    expect(() => inside.tryReady()).toThrow(foreign.failure);
    await expect(inside.ready()).rejects.toBe(foreign.failure);
  });

  test.each([
    ["gated", () => limited(1)],
    ["gated, and taken", () => limited(0)],
  ])("options that cannot be read reject, and take nothing, where a service is %s", async (_, make) => {
    const { service, semaphore, leaf } = make();
    for (const option of ["signal", "deadline"]) {
      const options = {
        get [option](): never {
          throw new RangeError(`no ${option}`);
        },
      };
      await expect(service.call("x", options)).rejects.toThrow(`no ${option}`);
      const held = permitOf(limited(1).service);
      await expect(held.call("x", options)).rejects.toThrow(`no ${option}`);
    }
    expect(semaphore.active).toBe(0);
    expect(semaphore.waiting).toBe(0);
    expect(leaf.calls).toHaveLength(0);
  });

  test("null in place of options rejects", async () => {
    const { service, semaphore } = limited(1);
    const none = null as unknown as undefined;
    await expect(service.call("x", none)).rejects.toThrow(TypeError);
    await expect(service.ready(none as unknown as ReadyOptions<unknown>)).rejects.toThrow(TypeError);
    await expect(permitOf(service).call("x", none)).rejects.toThrow(TypeError);
    expect(semaphore.active).toBe(0);
  });
});

describe("a service of one's own", () => {
  test("call reserves at once where it is ready, naming the request", async () => {
    const foreign = new Foreign(1, (request) => `answer to ${String(request)}`);
    expect(await foreign.call("a")).toBe("answer to a");
    expect(foreign.asked).toEqual(["a"]);
    expect(foreign.held).toBe(0);
  });

  test("call waits where it is not, naming the request, the signal and the deadline", async () => {
    const foreign = new Foreign(0);
    const ready = vi.spyOn(foreign, "ready");
    const { signal } = new AbortController();
    const waitUntil = vi.fn<() => void>();
    const call = foreign.call("a", { signal, deadline: 5, waitUntil });
    expect(ready).toHaveBeenCalledExactlyOnceWith({ request: "a", signal, deadline: 5 });
    const seen = vi.fn<Foreign["handler"]>((request) => request);
    foreign.handler = seen;
    foreign.free = 1;
    // Somebody comes and goes, whereby the one in line is served.
    foreign.tryReady()?.release();
    expect(await call).toBe("a");
    expect(seen).toHaveBeenCalledExactlyOnceWith("a", { signal, deadline: 5, waitUntil });
    expect(foreign.held).toBe(0);
  });

  test("call waits without a signal as well", async () => {
    const foreign = new Foreign(0);
    const call = foreign.call("a");
    foreign.free = 1;
    foreign.tryReady()?.release();
    expect(await call).toBe("a");
  });

  test("call with an aborted signal reaches nobody", async () => {
    const foreign = new Foreign(1);
    await expect(foreign.call("a", { signal: AbortSignal.abort("no") })).rejects.toBe("no");
    expect(foreign.asked).toEqual([]);
  });

  test("call gives back what was granted when the signal aborts in the same turn", async () => {
    const foreign = new Foreign(0);
    const handler = vi.fn<Foreign["handler"]>();
    foreign.handler = handler;
    const controller = new AbortController();
    const call = foreign.call("a", { signal: controller.signal });
    foreign.free = 1;
    foreign.tryReady()?.release();
    controller.abort("no");
    await expect(call).rejects.toBe("no");
    expect(handler).not.toHaveBeenCalled();
    expect(foreign.held).toBe(0);
    expect(foreign.free).toBe(1);
  });

  test("a permit whose call throws is a rejection", async () => {
    class Rude extends Service<string, never> {
      override tryReady(): Permit<string, never> {
        return {
          call: () => {
            throw new Error("rude");
          },
          release() {},
          [Symbol.dispose]() {},
        };
      }
      override async ready(): Promise<Permit<string, never>> {
        return this.tryReady();
      }
    }
    await expect(new Rude().call("x")).rejects.toThrow("rude");
    const semaphore = new Semaphore(1);
    await expect(gate(semaphore, { name: "limit" }).wrap(new Rude()).call("x")).rejects.toThrow("rude");
    await turn();
    expect(semaphore.active).toBe(0);
  });
});

describe("promise 12: readiness errors are not terminal", () => {
  test("the next caller may ask again", async () => {
    const foreign = new Foreign(1);
    const semaphore = new Semaphore(1);
    const service = gate(semaphore, { name: "limit" }).wrap(foreign);
    foreign.failure = new Error("for now");
    await expect(service.ready()).rejects.toThrow("for now");
    expect(semaphore.active).toBe(0);
    foreign.failure = undefined;
    expect(await service.call("again")).toBe("again");
  });
});

test("a service without layers answers as soon as it is called", async () => {
  expect(await answering("yes").call("?")).toBe("yes");
});
