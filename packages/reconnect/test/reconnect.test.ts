import {
  events,
  isOverloadedError,
  type LayerEvent,
  OverloadedError,
  partsOf,
  Semaphore,
  type Service,
  gate,
  ServiceBuilder,
  serviceFn,
  takeRefusal,
} from "@sluice/core";
import { unhandledIn, watch } from "@sluice/test-kit";
import { mockService } from "@sluice/testing";
import { describe, expect, test, vi } from "vitest";
import { type Reconnect, reconnect, type StateChange } from "../src/index.ts";
import { Lost, Server } from "./helper/set-up.ts";

const down = new Error("connection refused");

describe("readiness is a connection", () => {
  test("nothing is made before somebody asks", async () => {
    const server = new Server();
    const service = server.reconnect();
    await server.clock.advance(60_000);
    expect(server.attempts).toHaveLength(0);
    expect(service.state).toBe("idle");
  });

  test("tryReady without a connection answers undefined, says who refused, and begins to connect", async () => {
    const server = new Server();
    const service = server.reconnect({ label: "db" });
    expect(service.tryReady("a")).toBeUndefined();
    expect(takeRefusal()).toMatchObject({
      layer: "reconnect",
      label: "db",
      reason: "connection",
      retryAfter: undefined,
    });
    expect(service.state).toBe("connecting");
    await server.accept();
    expect(service.state).toBe("connected");
    const permit = service.tryReady("a");
    const answer = permit!.call("a");
    await server.answer("b");
    expect(await answer).toBe("b");
  });

  test("without room in the service that was made it is not ready either", async () => {
    const [inner, handle] = mockService<string, string>();
    handle.allow(0);
    const server = new Server();
    const service = reconnect(() => inner, { clock: server.clock });
    const waiting = service.ready();
    const state = watch(waiting);
    await server.settle();
    expect(service.tryReady("a")).toBeUndefined();
    expect(state()[0]).toBe("pending");
    handle.allow(1);
    await server.settle();
    expect(state()[0]).toBe("kept");
  });

  test("all who wait wait for one attempt, and are served in order", async () => {
    const server = new Server();
    const service = server.reconnect();
    for (const request of ["a", "b", "c"]) void service.call(request);
    expect(service.waiting).toBe(3);
    expect(server.attempts).toHaveLength(1);
    await server.accept();
    expect(server.calls.map(({ request }) => request)).toEqual(["a", "b", "c"]);
    expect(service).toMatchObject({ attempts: 1, waiting: 0, active: 3 });
  });

  test("a newcomer in the microtask after the grant is behind those who waited", async () => {
    const inner = new ServiceBuilder().layer(gate(new Semaphore(1), { name: "one" })).serviceFn((n: number) => n);
    const service = reconnect(() => Promise.resolve(inner));
    const first = service.ready();
    let overtook = 0;
    for (let microtask = 0; microtask < 10; microtask++) {
      await Promise.resolve();
      if (service.waiting === 0 && service.active === 0 && service.tryReady(2) !== undefined) overtook++;
    }
    expect(overtook).toBe(0);
    (await first).release();
    expect(service.active).toBe(0);
  });

  test("a call in any microtask after the grant begins behind those who waited", async () => {
    for (let microtasks = 0; microtasks < 10; microtasks++) {
      const begun: string[] = [];
      const service = reconnect(() => Promise.resolve(serviceFn(async (request: string) => begun.push(request))));
      const calls = ["a", "b"].map((request) => service.call(request));
      for (let passed = 0; passed < microtasks; passed++) await Promise.resolve();
      calls.push(service.call("newcomer"));
      await Promise.all(calls);
      expect(begun).toEqual(["a", "b", "newcomer"]);
    }
  });

  test("once connected a call starts in the caller's turn", async () => {
    const server = new Server();
    const service = server.reconnect();
    service.tryReady("a");
    await server.accept();
    void service.call("a");
    expect(server.calls).toHaveLength(1);
  });
});

describe("an attempt that fails", () => {
  test("is the failure of readiness of all who wait", async () => {
    const server = new Server();
    const service = server.reconnect();
    const states = [service.call("a"), service.ready(), service.call("c")].map((one) => watch(one));
    await server.refuse(down);
    for (const state of states) expect(state()).toEqual(["broken", down]);
    expect(service).toMatchObject({ state: "backing-off", failures: 1, failure: down, waiting: 0, active: 0 });
    expect(server.calls).toHaveLength(0);
  });

  test("is followed by none during the backoff, whose rest is retryAfter", async () => {
    const server = new Server();
    const service = server.reconnect();
    service.tryReady("a");
    await server.refuse(down);
    await server.clock.advance(40);
    expect(service.tryReady("a")).toBeUndefined();
    expect(takeRefusal()?.retryAfter).toBe(60);
    expect(service.retryAfter).toBe(60);
    await server.clock.advance(59);
    service.tryReady("a");
    expect(server.attempts).toHaveLength(1);
    await server.clock.advance(1);
    service.tryReady("a");
    expect(server.attempts).toHaveLength(2);
    expect(service.retryAfter).toBeUndefined();
  });

  test("leaves the next caller waiting for the next attempt, which begins by itself", async () => {
    const server = new Server();
    const service = server.reconnect();
    service.tryReady("a");
    await server.refuse(down);
    const call = watch(service.call("a"));
    await server.clock.advance(99);
    expect(server.attempts).toHaveLength(1);
    await server.clock.advance(1);
    expect(server.attempts).toHaveLength(2);
    await server.accept();
    await server.answer();
    expect(call()).toEqual(["kept", "hello"]);
  });

  test("is refused at once to a caller whose deadline comes before the next", async () => {
    const server = new Server();
    const service = server.reconnect({ label: "db" });
    service.tryReady("a");
    await server.refuse(down);
    await server.clock.advance(30);
    const error: unknown = await service
      .call("a", { deadline: server.clock.now() + 69 })
      .catch((reason: unknown) => reason);
    expect(isOverloadedError(error)).toBe(true);
    expect(error).toMatchObject({ layer: "reconnect", label: "db", reason: "connection", retryAfter: 70 });
    const patient = watch(service.call("a", { deadline: server.clock.now() + 70 }));
    await server.settle();
    expect(patient()[0]).toBe("pending");
    // Who has given up already has its own reason.
    const signal = AbortSignal.abort("enough");
    await expect(service.call("a", { deadline: server.clock.now() + 69, signal })).rejects.toBe("enough");
  });

  test("is refused by the caller's deadline in the time of the clock, also after that was set back", async () => {
    const server = new Server();
    let back = 0;
    const service = server.reconnect({
      clock: {
        now: () => server.clock.now() - back,
        setTimeout: (run, ms) => server.clock.setTimeout(run, ms),
        clearTimeout: (handle) => server.clock.clearTimeout(handle),
      },
    });
    await server.clock.advance(5_000);
    service.tryReady("a");
    await server.refuse(down);
    back = 1_000;
    const states = [99, 100].map((ms) => watch(service.call("a", { deadline: 4_000 + ms })));
    await server.settle();
    expect(states.map((state) => state()[0])).toEqual(["broken", "pending"]);
    expect(states[0]!()[1]).toMatchObject({ reason: "connection", retryAfter: 100 });
  });

  test("refuses those in line whose deadline comes before the next, wherever they came from", async () => {
    const server = new Server();
    const late: Promise<unknown>[] = [];
    const service = server.reconnect({
      backoff: {
        next() {
          // It waits in line before anybody knows for how long.
          for (const deadline of [50, 100]) late.push(service.call("x", { deadline }));
          return { delay: 100, state: undefined };
        },
      },
    });
    service.tryReady("a");
    await server.refuse(down);
    const [soon, then] = late.map((call) => watch(call));
    await server.settle();
    expect(soon!()[0]).toBe("broken");
    expect(soon!()[1]).toMatchObject({ layer: "reconnect", reason: "connection", retryAfter: 100 });
    expect(then!()[0]).toBe("pending");
    expect(service.waiting).toBe(1);
  });

  test("with a deadline in the time of another clock is a RangeError that names it", async () => {
    const server = new Server();
    const service = server.reconnect();
    service.tryReady("a");
    await server.refuse(down);
    await expect(service.call("a", { deadline: 1e12 })).rejects.toThrow(
      /reconnect: deadline .* received 1000000000000/,
    );
  });

  test("lengthens the backoff, until a call is answered", async () => {
    const server = new Server();
    const service = server.reconnect();
    for (const wait of [100, 200, 400]) {
      service.tryReady("a");
      await server.refuse(down);
      expect(service.retryAfter).toBe(wait);
      await server.clock.advance(wait);
    }
    void service.call("a");
    await server.accept();
    await server.answer();
    const lost = watch(service.call("b"));
    await server.fail(new Lost());
    expect(lost()[0]).toBe("broken");
    service.tryReady("a");
    await server.refuse(down);
    expect(service.retryAfter).toBe(100);
  });

  test.each([
    [
      "throws",
      () => {
        throw down;
      },
      down,
    ],
    [
      "returns no service",
      () => ({}) as never,
      new TypeError("reconnect: what make returns must be a service (with tryReady, ready, call); received an object"),
    ],
  ])("is also one where make %s", async (_how, make, error) => {
    const service = reconnect(make);
    await expect(service.call("a")).rejects.toEqual(error);
    expect(service.state).toBe("backing-off");
  });
});

describe("an abort", () => {
  test("leaves alone: the attempt goes on for the next", async () => {
    const server = new Server();
    const service = server.reconnect();
    const leaves = new AbortController();
    const gone = watch(service.call("a", { signal: leaves.signal }));
    const stays = watch(service.call("b"));
    leaves.abort("enough");
    await server.settle();
    expect(gone()).toEqual(["broken", "enough"]);
    await server.accept();
    await server.answer();
    expect(stays()).toEqual(["kept", "hello"]);
    expect(server.attempts).toHaveLength(1);
    expect(server.calls).toHaveLength(1);
  });

  test("of the only one who waits disarms the timer, and the attempt under way is had by the next", async () => {
    const server = new Server();
    const service = server.reconnect();
    const leaves = new AbortController();
    const gone = watch(service.call("a", { signal: leaves.signal }));
    leaves.abort("enough");
    await server.accept();
    expect(gone()[0]).toBe("broken");
    expect(service.tryReady("b")).toBeDefined();

    const other = new Server();
    const backing = other.reconnect();
    backing.tryReady("a");
    await other.refuse(down);
    const waits = new AbortController();
    const left = watch(backing.ready({ signal: waits.signal }));
    expect(other.clock.next).toBe(100);
    waits.abort("enough");
    await other.settle();
    expect(left()).toEqual(["broken", "enough"]);
    expect(other.clock.next).toBeUndefined();
  });

  test("that came before is refused at once, and begins nothing", async () => {
    const server = new Server();
    const service = server.reconnect();
    const signal = AbortSignal.abort("no");
    await expect(service.ready({ signal })).rejects.toBe("no");
    await expect(service.call("a", { signal })).rejects.toBe("no");
    expect(server.attempts).toHaveLength(0);
  });

  test("of a call is no failure of the connection", async () => {
    const server = new Server();
    const asked: unknown[] = [];
    const service = server.reconnect({ isBroken: (failure) => asked.push(failure) > 0 });
    service.tryReady("a");
    await server.accept();
    const controller = new AbortController();
    const reason = new Lost();
    const call = watch(service.call("a", { signal: controller.signal }));
    controller.abort(reason);
    await server.fail(reason);
    expect(call()).toEqual(["broken", reason]);
    expect(asked).toEqual([]);
    expect(service.state).toBe("connected");
  });
});

describe("a connection that breaks", () => {
  async function connected(server: Server, options: Parameters<Server["reconnect"]>[0] = {}) {
    const service = server.reconnect(options);
    void service.call("first");
    await server.accept();
    await server.answer();
    return service;
  }

  test("ends no other call", async () => {
    const server = new Server();
    const service = await connected(server);
    const slow = watch(service.call("slow"));
    const permit = service.tryReady("permit")!;
    const lost = watch(service.call("lost"));
    await server.fail(new Lost());
    expect(lost()[0]).toBe("broken");
    expect(slow()[0]).toBe("pending");
    server.calls[1]!.answer.resolve("late");
    await server.settle();
    expect(slow()).toEqual(["kept", "late"]);
    // Its permit is of that connection, and still good for one call there.
    const call = watch(permit.call("permit"));
    expect(server.calls.at(-1)!.connection).toBe(1);
    await server.answer();
    expect(call()[0]).toBe("kept");
    expect(service.active).toBe(0);
  });

  test("is replaced at once when somebody asks, where it had answered something", async () => {
    const server = new Server();
    const service = await connected(server);
    const lost = watch(service.call("lost"));
    await server.fail(new Lost());
    expect(lost()[0]).toBe("broken");
    expect(service).toMatchObject({ state: "idle", breaks: 1 });
    expect(service.failure).toBeInstanceOf(Lost);
    expect(server.attempts).toHaveLength(1);
    const call = watch(service.call("again"));
    expect(server.attempts).toHaveLength(2);
    await server.accept();
    expect(server.calls.at(-1)!.connection).toBe(2);
    await server.answer();
    expect(call()[0]).toBe("kept");
  });

  test("is replaced at once also where its answer was a failure that does not show that it is broken", async () => {
    const server = new Server();
    const service = server.reconnect();
    const wrong = watch(service.call("a"));
    await server.accept();
    await server.fail(new Error("no such row"));
    const lost = watch(service.call("b"));
    await server.fail(new Lost());
    expect([wrong()[0], lost()[0]]).toEqual(["broken", "broken"]);
    expect(service.state).toBe("idle");
  });

  test.each([
    ["with the reason", "enough"],
    // As `node:http` does.
    ["with an error of its own", new DOMException("The operation was aborted", "AbortError")],
  ])(
    "after nothing but a call that its caller gave up, and that ended %s, has answered nothing: the backoff counts",
    async (_how, ended) => {
      const server = new Server();
      const service = server.reconnect();
      const controller = new AbortController();
      const given = watch(service.call("a", { signal: controller.signal }));
      await server.accept();
      controller.abort("enough");
      await server.fail(ended);
      const lost = watch(service.call("b"));
      await server.fail(new Lost());
      expect([given(), lost()[0]]).toEqual([["broken", ended], "broken"]);
      expect(service).toMatchObject({ state: "backing-off", retryAfter: 100 });
    },
  );

  test("is known as such also by a call whose caller has given up", async () => {
    const server = new Server();
    const service = await connected(server);
    const controller = new AbortController();
    const given = watch(service.call("a", { signal: controller.signal }));
    controller.abort("enough");
    const lost = new Lost();
    await server.fail(lost);
    expect([given(), service.breaks]).toEqual([["broken", lost], 1]);
  });

  test("after nothing but what a layer inside has refused has answered nothing: the backoff counts", async () => {
    const server = new Server();
    const service = server.reconnect();
    for (const wait of [100, 200]) {
      const calls = [watch(service.call("a")), watch(service.call("b"))];
      await server.accept();
      await server.fail(new OverloadedError("loadShed"));
      server.calls.at(-2)!.answer.reject(new Lost());
      await server.settle();
      expect(calls.map((call) => call()[0])).toEqual(["broken", "broken"]);
      expect(service).toMatchObject({ state: "backing-off", retryAfter: wait });
      await server.clock.advance(wait);
    }
  });

  test("before it has answered anything is an attempt in vain: the backoff counts", async () => {
    const server = new Server();
    const service = server.reconnect();
    for (const wait of [100, 200]) {
      const call = watch(service.call("a"));
      await server.accept();
      await server.fail(new Lost());
      expect(call()[0]).toBe("broken");
      expect(service).toMatchObject({ state: "backing-off", retryAfter: wait });
      await server.clock.advance(wait);
    }
  });

  test("stays broken: what an old connection fails with later does not break the new one", async () => {
    const server = new Server();
    const service = await connected(server);
    const both = [watch(service.call("a")), watch(service.call("b"))];
    server.calls[1]!.answer.reject(new Lost());
    await server.settle();
    service.tryReady("c");
    await server.accept();
    server.calls[2]!.answer.reject(new Lost());
    await server.settle();
    for (const state of both) expect(state()[0]).toBe("broken");
    expect(service).toMatchObject({ state: "connected", breaks: 1 });
  });

  test("may be known by a failure of readiness", async () => {
    const server = new Server();
    const [inner, handle] = mockService<string, string>();
    const service = reconnect(() => inner, { isBroken: (failure) => failure instanceof Lost, clock: server.clock });
    service.tryReady("a");
    await server.settle();
    const lost = new Lost();
    handle.sendFailure(lost);
    await expect(service.ready()).rejects.toBe(lost);
    expect(service).toMatchObject({ breaks: 1, active: 0 });
    expect(service.state).toBe("backing-off");
  });

  test("between the grant and the next line sends those who were granted to the next attempt", async () => {
    const server = new Server();
    const [first, handle] = mockService<string, string>();
    const second = serviceFn((request: string) => request.toUpperCase());
    let made = 0;
    const service = reconnect(() => (made++ === 0 ? first : second), {
      isBroken: (failure) => failure instanceof Lost,
      backoff: { next: () => ({ delay: 100, state: undefined }) },
      clock: server.clock,
    });
    const calls = [service.call("a"), service.call("b")];
    handle.sendFailure(new Lost());
    const states = calls.map((call) => watch(call));
    await server.settle();
    expect(states[0]!()[0]).toBe("broken");
    expect(states[1]!()[0]).toBe("pending");
    await server.clock.advance(100);
    expect(states[1]!()).toEqual(["kept", "B"]);
  });

  test("between the grant and the next line costs nobody their place, whoever comes meanwhile and afterwards", async () => {
    const server = new Server();
    const [first, handle] = mockService<string, string>();
    const begun: string[] = [];
    const second = serviceFn(async (request: string) => begun.push(request));
    let made = 0;
    const service = reconnect<Service<string, unknown>>(() => (made++ === 0 ? first : second), {
      isBroken: (failure) => failure instanceof Lost,
      backoff: { next: () => ({ delay: 100, state: undefined }) },
      onChange({ to }) {
        // "a" has found the connection broken; "b" and "c" were granted it, and do not know.
        if (to === "backing-off") void service.call("meanwhile");
      },
      clock: server.clock,
    });
    const calls = ["a", "b", "c"].map((request) => service.call(request));
    handle.sendFailure(new Lost());
    await expect(calls[0]).rejects.toBeInstanceOf(Lost);
    await server.settle();
    void service.call("afterwards");
    expect(service.waiting).toBe(4);
    await server.clock.advance(100);
    expect(begun).toEqual(["b", "c", "meanwhile", "afterwards"]);
    expect(service).toMatchObject({ waiting: 0, active: 0 });
  });

  test("between the grant and the next line costs nobody their place when that happens again", async () => {
    const server = new Server();
    const begun: string[] = [];
    const services = [mockService<string, string>(), mockService<string, string>()];
    for (const [, handle] of services) handle.sendFailure(new Lost());
    const last = serviceFn(async (request: string) => begun.push(request));
    const service = reconnect<Service<string, unknown>>(() => services.shift()?.[0] ?? last, {
      isBroken: (failure) => failure instanceof Lost,
      backoff: { next: () => ({ delay: 100, state: undefined }) },
      clock: server.clock,
    });
    const calls = ["a", "b", "c", "d"].map((request) => service.call(request));
    await expect(calls[0]).rejects.toBeInstanceOf(Lost);
    void service.call("e");
    await server.clock.advance(100);
    await expect(calls[1]).rejects.toBeInstanceOf(Lost);
    await server.clock.advance(100);
    expect(begun).toEqual(["c", "d", "e"]);
  });

  test("and whose caller gives up while it waits for the next attempt leaves no timer", async () => {
    const server = new Server();
    const [first, handle] = mockService<string, string>();
    const service = reconnect(() => first, {
      isBroken: (failure) => failure instanceof Lost,
      backoff: { next: () => ({ delay: 100, state: undefined }) },
      clock: server.clock,
    });
    const controller = new AbortController();
    const calls = [watch(service.call("a")), watch(service.call("b", { signal: controller.signal }))];
    handle.sendFailure(new Lost());
    await server.settle();
    expect(calls.map((state) => state()[0])).toEqual(["broken", "pending"]);
    expect(server.clock.next).toBe(100);
    controller.abort("enough");
    await server.settle();
    expect(calls[1]!()).toEqual(["broken", "enough"]);
    expect(server.clock.next).toBeUndefined();
  });

  test("is also used by those who wait inside it", async () => {
    const server = new Server();
    const streams = gate(new Semaphore(1), { name: "streams" });
    const service = reconnect(() => streams.wrap(mockService<string, string>()[0]), { clock: server.clock });
    for (let call = 0; call < 3; call++) void service.call("a");
    await server.settle();
    expect(service).toMatchObject({ state: "connected", waiting: 0, active: 3 });
  });

  test("is closed once, when no call and no permit uses it any more", async () => {
    const server = new Server();
    const closed: unknown[] = [];
    const service = await connected(server, { close: (made) => closed.push(made) });
    const permit = service.tryReady("held")!;
    const lost = [watch(service.call("lost")), watch(service.call("lost"))];
    for (const { answer } of server.calls.slice(-2)) answer.reject(new Lost());
    await server.settle();
    expect(lost.map((state) => state()[0])).toEqual(["broken", "broken"]);
    expect(closed).toHaveLength(0);
    permit.release();
    expect(closed).toHaveLength(1);
  });

  test("whose close throws or rejects is reported, and the next attempt begins all the same", async () => {
    for (const close of [
      () => {
        throw down;
      },
      () => Promise.reject(down),
    ]) {
      const server = new Server();
      const service = await connected(server, { close });
      expect(
        await unhandledIn(async () => {
          const lost = watch(service.call("lost"));
          await server.fail(new Lost());
          expect(lost()[0]).toBe("broken");
        }),
      ).toEqual([down]);
      service.tryReady("a");
      expect(service.state).toBe("connecting");
    }
  });

  test("without isBroken is never made anew", async () => {
    const server = new Server();
    const service = await connected(server, { isBroken: undefined });
    const lost = watch(service.call("lost"));
    await server.fail(new Lost());
    expect(lost()[0]).toBe("broken");
    expect(service.state).toBe("connected");
  });

  test("is not known by an isBroken that throws, or answers with a promise: that is reported", async () => {
    for (const [isBroken, error] of [
      [
        () => {
          throw down;
        },
        down,
      ],
      [
        () => Promise.resolve(true) as never,
        new TypeError("reconnect: isBroken must return true or false; received a value of type object"),
      ],
    ] as const) {
      const server = new Server();
      const service = await connected(server, { isBroken });
      const reported = await unhandledIn(async () => {
        const lost = watch(service.call("lost"));
        await server.fail(new Lost());
        expect(lost()[0]).toBe("broken");
      });
      expect(reported).toEqual([error]);
      expect(service.state).toBe("connected");
    }
  });

  test("reports a failure that nobody looks at, and none that somebody does", async () => {
    const server = new Server();
    const service = await connected(server);
    const ignored = new Lost();
    expect(
      await unhandledIn(async () => {
        void service.call("ignored");
        await server.fail(ignored);
      }),
    ).toEqual([ignored]);
  });
});

describe("a backoff", () => {
  test("that calls the service itself when a connection breaks lets that caller wait for the next attempt", async () => {
    const server = new Server();
    let inner: (() => readonly unknown[]) | undefined;
    const service: Reconnect<string, string> = server.reconnect({
      backoff: {
        next() {
          inner ??= watch(service.call("b"));
          return { delay: 100, state: undefined };
        },
      },
    });
    const first = watch(service.call("a"));
    await server.accept();
    await server.fail(new Lost());
    expect([first()[0], inner!()[0]]).toEqual(["broken", "pending"]);
    await server.clock.advance(100);
    expect(server.attempts).toHaveLength(2);
    await server.accept();
    await server.answer();
    expect(inner!()).toEqual(["kept", "hello"]);
  });

  test("that calls the service itself lets that caller wait for the next attempt", async () => {
    const server = new Server();
    let inner: Promise<string> | undefined;
    const service: Reconnect<string, string> = server.reconnect({
      backoff: {
        next() {
          inner = service.call("b");
          return { delay: 100, state: undefined };
        },
      },
    });
    const first = service.call("a").catch((reason: unknown) => reason);
    await server.refuse(down);
    expect(await first).toBe(down);
    await server.clock.advance(100);
    expect(server.attempts).toHaveLength(2);
    await server.accept();
    await server.answer();
    expect(await inner).toBe("hello");
  });

  test.each<readonly [string, () => never, unknown]>([
    [
      "throws",
      () => {
        throw down;
      },
      down,
    ],
    [
      "returns nothing",
      () => undefined as never,
      new TypeError("reconnect: a step of backoff must be an object; received undefined"),
    ],
    [
      "returns no delay",
      () => ({ delay: -1, state: 0 }) as never,
      new RangeError("reconnect: a delay of backoff must be a number of 0 or more and at most 2147483647; received -1"),
    ],
  ])("that %s is reported, and 10,000 ms count", async (_how, next, error) => {
    const server = new Server();
    const service = server.reconnect({ backoff: { next } });
    service.tryReady("a");
    expect(await unhandledIn(() => server.refuse(down))).toEqual([error]);
    expect(service.retryAfter).toBe(10_000);
  });

  test("that is over leaves 0 ms to wait until somebody asks", async () => {
    const server = new Server();
    const service = server.reconnect();
    service.tryReady("a");
    await server.refuse(down);
    await server.clock.advance(150);
    expect(service).toMatchObject({ state: "backing-off", retryAfter: 0 });
  });

  test("is not shortened by what a connection that broke before answers late", async () => {
    const server = new Server();
    const service = server.reconnect();
    const early = watch(service.call("early"));
    await server.accept();
    const slow = watch(service.call("slow"));
    server.calls[0]!.answer.reject(new Lost());
    await server.settle();
    expect([early()[0], service.retryAfter]).toEqual(["broken", 100]);
    await server.clock.advance(100);
    service.tryReady("a");
    await server.refuse(down);
    expect(service.retryAfter).toBe(200);
    server.calls[1]!.answer.resolve("late");
    await server.settle();
    expect(slow()).toEqual(["kept", "late"]);
    await server.clock.advance(200);
    service.tryReady("a");
    await server.refuse(down);
    expect(service.retryAfter).toBe(400);
  });

  test("is by default half of 100 ms, doubled up to 10,000, where the dice fall on one half", async () => {
    const dice = vi.spyOn(Math, "random").mockReturnValue(0.5);
    try {
      const server = new Server();
      const service = server.reconnect({ backoff: undefined });
      const waits: unknown[] = [];
      for (let failures = 0; failures < 9; failures++) {
        service.tryReady("a");
        await server.refuse(down);
        waits.push(service.retryAfter);
        await server.clock.advance(service.retryAfter!);
      }
      expect(waits).toEqual([50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
    } finally {
      dice.mockRestore();
    }
  });

  test("is by default 100 ms doubled up to 10,000, spread down to 0", async () => {
    const server = new Server();
    const service = server.reconnect({ backoff: undefined });
    for (let failures = 0; failures < 12; failures++) {
      service.tryReady("a");
      await server.refuse(down);
      const wait = service.retryAfter!;
      expect(wait).toBeGreaterThanOrEqual(0);
      expect(wait).toBeLessThan(Math.min(10_000, 100 * 2 ** failures));
      await server.clock.advance(wait);
    }
    expect(service.failures).toBe(12);
  });
});

describe("what is told", () => {
  test("each change of state once, with its cause, to onChange and to events", async () => {
    const server = new Server();
    const changes: StateChange[] = [];
    const heard: LayerEvent[] = [];
    const service = server.reconnect({ label: "db", onChange: (change) => changes.push(change) });
    const subscription = events.subscribe((event) => heard.push(event));
    service.tryReady("a");
    await server.refuse(down);
    await server.clock.advance(100);
    const call = watch(service.call("a"));
    await server.accept();
    await server.answer();
    expect(call()[0]).toBe("kept");
    subscription[Symbol.dispose]();
    expect(changes).toEqual([
      { from: "idle", to: "connecting", cause: undefined },
      { from: "connecting", to: "backing-off", cause: down },
      { from: "backing-off", to: "connecting", cause: undefined },
      { from: "connecting", to: "connected", cause: undefined },
    ]);
    expect(heard).toEqual(
      changes.map((change) => ({ ...change, type: "state", layer: "reconnect", label: "db", source: service })),
    );
  });

  test("a listener that asks again waits for the next attempt", async () => {
    const server = new Server();
    let again: (() => readonly unknown[]) | undefined;
    const service = server.reconnect({
      onChange({ to }) {
        if (to === "backing-off") again ??= watch(service.call("again"));
      },
    });
    service.tryReady("a");
    await server.refuse(down);
    expect(again!()[0]).toBe("pending");
    await server.clock.advance(100);
    await server.accept();
    await server.answer();
    expect(again!()[0]).toBe("kept");
  });

  test("counters as JSON, and what it is made of", async () => {
    const server = new Server();
    const service = server.reconnect({ label: "db" });
    const branches = () => {
      const parts = partsOf(service)!;
      return "branches" in parts ? [...parts.branches()] : undefined;
    };
    expect(partsOf(service)).toMatchObject({ name: "reconnect", about: { label: "db" } });
    expect(branches()).toEqual([]);
    service.tryReady("a");
    await server.accept();
    expect(branches()).toMatchObject([["connection", {}]]);
    expect(JSON.parse(JSON.stringify(service))).toEqual({
      name: "reconnect",
      label: "db",
      state: "connected",
      active: 0,
      waiting: 0,
      attempts: 1,
      failures: 0,
      breaks: 0,
    });
  });
});

describe("what users of others saw", () => {
  test("a service with a broken connection is not ready, so that another is asked (tonic, grpc-rust #2839)", async () => {
    const server = new Server();
    const service = server.reconnect();
    service.tryReady("a");
    await server.refuse(down);
    for (let asked = 0; asked < 10; asked++) expect(service.tryReady("a")).toBeUndefined();
    expect(server.calls).toHaveLength(0);
  });

  test("a first attempt that fails is not the last (tower #383)", async () => {
    const server = new Server();
    const service = server.reconnect();
    const first = watch(service.call("a"));
    await server.refuse(down);
    expect(first()).toEqual(["broken", down]);
    const second = watch(service.call("a"));
    await server.clock.advance(100);
    await server.accept();
    await server.answer();
    expect(second()).toEqual(["kept", "hello"]);
  });
});

test("options of a call that are none are refused by name, with and without a connection, and never thrown", async () => {
  const server = new Server();
  const service = server.reconnect();
  for (let round = 0; round < 2; round++) {
    for (const bad of [5, null] as never[]) {
      await expect(service.ready(bad)).rejects.toThrow(/^ready: options must be an object/);
      await expect(service.call("a", bad)).rejects.toThrow(/^call: options must be an object/);
    }
    service.tryReady("a")?.release();
    await server.accept();
  }
  expect(service).toMatchObject({ state: "connected", waiting: 0, active: 0 });
});

describe("bad options are refused, by their names", () => {
  const make = () => serviceFn(String);
  test.each<readonly [message: string, made: () => unknown]>([
    ["make must be a function; received 1", () => reconnect(1 as never)],
    ["isBroken must be a function; received 1", () => reconnect(make, { isBroken: 1 as never })],
    ['close must be a function; received "x"', () => reconnect(make, { close: "x" as never })],
    ["onChange must be a function; received 1", () => reconnect(make, { onChange: 1 as never })],
    ["backoff must be a backoff (with next); received an object", () => reconnect(make, { backoff: {} as never })],
    ["isBrokn is not an option; did you mean isBroken?", () => reconnect(make, { isBrokn: 1 } as never)],
    ["clock must be", () => reconnect(make, { clock: {} as never })],
    ["label must be", () => reconnect(make, { label: "" })],
  ])("%s", (message, made) => {
    expect(made).toThrow(`reconnect: ${message}`);
  });
});
