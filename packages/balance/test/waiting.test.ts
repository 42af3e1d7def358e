import { AsyncLocalStorage } from "node:async_hooks";
import { getEventListeners } from "node:events";
import { Service } from "@sluice/core";
import { holdLayer } from "@sluice/core/kit";
import { watch } from "@sluice/test-kit";
import { mockService, VirtualClock } from "@sluice/testing";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { balance } from "../src/index.ts";
import { Backend, backends, entries } from "./helper/backend.ts";
import { Door } from "./helper/failing.ts";

const settle = (): Promise<void> => new VirtualClock().advance(0);
const fill = (all: readonly Backend[], service: Service<string, string>): void => {
  for (const { slots } of all) for (let slot = 0; slot < slots.max; slot++) void service.call("first");
};

describe("a caller who waits", () => {
  test("stands in the lines of waitAt endpoints, and leaves the others when one grants", async () => {
    const all = backends(6, 1);
    const service = balance({ endpoints: entries(all), waitAt: 3 });
    fill(all, service);
    const call = watch(service.call("x"));
    const lines = all.filter(({ slots }) => slots.waiting === 1);
    expect(lines).toHaveLength(3);
    expect(service).toMatchObject({ waiting: 1, pending: 6 });
    lines[1]!.answer();
    await settle();
    expect(lines[1]!.requests).toEqual(["first", "x"]);
    expect(all.map(({ slots }) => slots.waiting)).toEqual([0, 0, 0, 0, 0, 0]);
    lines[1]!.answer();
    await settle();
    expect(call()).toEqual(["kept", lines[1]!.name]);
    expect(service).toMatchObject({ waiting: 0, pending: 5 });
  });

  test("gives back at once what a second endpoint grants in the same turn", async () => {
    const all = backends(2, 1);
    const service = balance({ endpoints: entries(all) });
    fill(all, service);
    const permit = service.ready();
    for (const each of all) each.answer();
    await settle();
    expect(new Set(all.map(({ slots }) => slots.active))).toEqual(new Set([0, 1]));
    expect(service.pending).toBe(1);
    (await permit).release();
    expect(all.map(({ slots }) => slots.active)).toEqual([0, 0]);
  });

  test("leaves all lines at once when it aborts, with its own reason", async () => {
    const all = backends(4, 1);
    const service = balance({ endpoints: entries(all) });
    fill(all, service);
    const controller = new AbortController();
    const states = [
      watch(service.call("x", { signal: controller.signal })),
      watch(service.ready({ signal: controller.signal })),
    ];
    controller.abort("enough");
    expect(service.waiting).toBe(0);
    expect(all.map(({ slots }) => slots.waiting)).toEqual([0, 0, 0, 0]);
    await settle();
    for (const state of states) expect(state()).toEqual(["broken", "enough"]);
    await expect(service.ready({ signal: controller.signal })).rejects.toBe("enough");
    await expect(service.call("x", { signal: controller.signal })).rejects.toBe("enough");
  });

  test("leaves no listener on its signal once it is served", async () => {
    const all = backends(2, 1);
    const service = balance({ endpoints: entries(all) });
    fill(all, service);
    const { signal } = new AbortController();
    const permit = service.ready({ signal });
    expect(getEventListeners(signal, "abort").length).toBeGreaterThan(0);
    all[0]!.answer();
    (await permit).release();
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test("does not wait where it aborts while it is asked for its request", async () => {
    const [full, handle] = mockService<string, string>();
    handle.allow(0);
    const controller = new AbortController();
    const aborting = holdLayer("aborting", {
      reserve() {
        controller.abort("enough");
      },
      start: (_state, inside, request, options) => inside.start(request, options),
    });
    const service = balance({ endpoints: [["a", aborting.wrap(full)]] });
    const waiting = watch(service.ready({ request: "x", signal: controller.signal }));
    await settle();
    expect(waiting()).toEqual(["broken", "enough"]);
    expect([service.waiting, handle.waiting]).toEqual([0, 0]);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });

  test("that is granted and aborts in the same turn holds nothing", async () => {
    const all = backends(1, 1);
    const service = balance({ endpoints: entries(all) });
    fill(all, service);
    const controller = new AbortController();
    controller.signal.addEventListener("abort", (event) => event.stopImmediatePropagation());
    const state = watch(service.ready({ signal: controller.signal }));
    controller.abort("enough");
    all[0]!.answer();
    await settle();
    expect(state()).toEqual(["broken", "enough"]);
    expect(all[0]!.slots.active).toBe(0);
    expect(service).toMatchObject({ waiting: 0, pending: 0 });
  });

  test("with a signal that is none is refused, and does not stay in line", async () => {
    const all = backends(1, 0);
    const service = balance({ endpoints: entries(all) });
    const signal = { aborted: false } as AbortSignal;
    await expect(service.ready({ signal })).rejects.toThrow(TypeError);
    await expect(service.call("x", { signal })).rejects.toThrow(TypeError);
    await expect(service.call("x", 5 as never)).rejects.toThrow(/options must be an object/);
    expect(service.waiting).toBe(0);
    expect(all[0]!.slots.waiting).toBe(0);
  });

  test("with an option that nobody knows is refused by name, with and without room", async () => {
    const all = backends(1, 1);
    const service = balance({ endpoints: entries(all) });
    for (let call = 0; call < 2; call++) {
      await expect(service.ready({ sginal: undefined } as never)).rejects.toThrow(/^ready: sginal is not an option/);
      await expect(service.ready(null as never)).rejects.toThrow(/^ready: options must be an object/);
      void service.call("first");
    }
    // Options of a call serve for both.
    const { signal } = new AbortController();
    all[0]!.slots.max = 3;
    (await service.ready({ request: "x", signal, deadline: Infinity, waitUntil() {} } as never)).release();
  });

  test("at each endpoint those who wait are served in order, and no newcomer passes them", async () => {
    const all = backends(1, 1);
    const service = balance({ endpoints: entries(all) });
    fill(all, service);
    for (const request of ["a", "b", "c"]) void service.call(request);
    for (let round = 0; round < 3; round++) {
      all[0]!.answer();
      expect(service.tryReady("newcomer")).toBeUndefined();
      await settle();
    }
    expect(all[0]!.requests).toEqual(["first", "a", "b", "c"]);
  });

  test("goes elsewhere when an endpoint fails, and fails when all have", async () => {
    const handles = Array.from({ length: 6 }, () => mockService<string, string>());
    for (const [, handle] of handles) handle.allow(0);
    const service = balance({ endpoints: handles.map(([each], nth) => [nth, each]), waitAt: 2 });
    const state = watch(service.ready());
    const down = new Error("down");
    for (const [, handle] of handles.slice(0, 5)) handle.sendFailure(down);
    await settle();
    expect(state()[0]).toBe("pending");
    handles[5]![1].sendFailure(down);
    await settle();
    // Those that have failed are not asked again by the same caller.
    expect(state()).toEqual(["broken", down]);
    expect(service.waiting).toBe(0);
  });

  test("runs what is inside in its own async context, also where another's end serves it", async () => {
    const tenant = new AsyncLocalStorage<string>();
    const seen: string[] = [];
    const all = backends(4, 1);
    const watched = all.map(({ name, service: each }): [string, Service<string, string>] => {
      const seeing = holdLayer("seeing", {
        reserve: () => void seen.push(`${name}: ${tenant.getStore()}`),
        start: (_state, inside, request, options) => inside.start(request, options),
      });
      return [name, seeing.wrap(each)];
    });
    const service = balance({ endpoints: watched, waitAt: 1 });
    fill(all, service);
    const call = tenant.run("ann", () => service.call("x").then((name) => [name, tenant.getStore()]));
    const elsewhere = all.find(({ slots }) => slots.waiting === 0)!;
    seen.length = 0;
    tenant.run("bob", () => elsewhere.answer());
    await settle();
    expect(seen).toEqual([`${elsewhere.name}: ann`]);
    expect(elsewhere.requests).toEqual(["first", "x"]);
    elsewhere.answer();
    expect(await call).toEqual([elsewhere.name, "ann"]);
  });
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  "a caller who aborts while random is asked for the %dth time waits nowhere",
  async (nth) => {
    const all = backends(3, 1);
    const controller = new AbortController();
    let asked = -Infinity;
    const random = (): number => {
      if (++asked === nth) controller.abort("enough");
      return 0;
    };
    const service = balance({ endpoints: entries(all), random });
    fill(all, service);
    asked = 0;
    const call = watch(service.call("x", { signal: controller.signal }));
    await settle();
    expect(call()).toEqual(["broken", "enough"]);
    expect(service.waiting).toBe(0);
    expect(all.map(({ slots }) => slots.waiting)).toEqual([0, 0, 0]);
  },
);

describe("an endpoint whose readiness has failed, and works again", () => {
  const setUp = (room: number) => {
    const [busy, failing] = [new Backend("busy", 1), new Backend("failing", room)];
    const door = { isOpen: false };
    const endpoints: [string, Service<string, string>][] = [
      ["busy", busy.service],
      ["failing", new Door(failing.service, door)],
    ];
    return { busy, failing, door, endpoints };
  };

  test.each([1, 4])("serves those who wait elsewhere as calls end there, with waitAt %d", async (waitAt) => {
    const { busy, failing, door, endpoints } = setUp(10);
    const service = balance({ endpoints, waitAt });
    for (const request of ["a", "b", "c", "d", "e", "f"]) void service.call(request);
    await settle();
    expect(service.waiting).toBe(5);
    door.isOpen = true;
    for (let ended = 0; ended < 3; ended++) {
      busy.answer();
      await settle();
    }
    expect(service.waiting).toBe(0);
    // Of those five, three at most were served there.
    expect(failing.requests.length).toBeGreaterThan(1);
  });

  test("is asked again as calls end, and those in line stay where they are while it fails", async () => {
    const { busy, failing, door, endpoints } = setUp(1);
    const service = balance({ endpoints });
    for (const request of ["a", "b", "c", "d"]) void service.call(request);
    await settle();
    for (const request of ["b", "c", "d"]) {
      busy.answer();
      await settle();
      expect(busy.requests.at(-1)).toBe(request);
    }
    expect(failing.requests).toEqual([]);
    expect(service).toMatchObject({ waiting: 0, pending: 1 });
    door.isOpen = true;
    expect(service.tryReady("e")).toBeDefined();
  });

  test("serves those who waited only at an endpoint that is deleted", async () => {
    const { failing, door, endpoints } = setUp(1);
    const service = balance({ endpoints });
    for (const request of ["a", "b"]) void service.call(request);
    await settle();
    door.isOpen = true;
    service.delete("busy");
    await settle();
    expect(failing.requests).toEqual(["b"]);
  });
});

describe("nobody waits for ever while calls end anywhere", () => {
  test("who waits for endpoints that hang is served by one whose calls end", async () => {
    const all = backends(8, 1);
    const service = balance({ endpoints: entries(all), waitAt: 2 });
    fill(all, service);
    const calls = Array.from({ length: 100 }, () => watch(service.call("x")));
    const alive = all.slice(4);
    for (let round = 0; round < 200; round++) {
      for (const each of alive) if (each.open.length > 0) each.answer();
      await settle();
    }
    expect(calls.filter((state) => state()[0] === "pending")).toHaveLength(0);
    expect(service.waiting).toBe(0);
  });

  test("also when newcomers never stop to come", async () => {
    const all = backends(8, 1);
    const service = balance({ endpoints: entries(all), waitAt: 2 });
    fill(all, service);
    const first = Array.from({ length: 20 }, () => watch(service.call("x")));
    const alive = all.slice(4);
    for (let round = 0; round < 200; round++) {
      for (let newcomer = 0; newcomer < alive.length; newcomer++) void service.call("newcomer");
      for (const each of alive) if (each.open.length > 0) each.answer();
      await settle();
    }
    expect(first.filter((state) => state()[0] === "pending")).toHaveLength(0);
  });

  test("what was offered to one who is served elsewhere at that moment is offered to the next", async () => {
    const all = backends(3, 1);
    const service = balance({ endpoints: entries(all), waitAt: 1 });
    fill(all, service);
    const waiting = [service.call("a"), service.call("b")].map((call) => watch(call));
    const line = all.find(({ slots }) => slots.waiting > 0)!;
    const [other] = all.filter(({ slots }) => slots.waiting === 0);
    // The first of the two is offered the one, and is granted the other.
    other!.answer();
    line.answer();
    await settle();
    expect(service.waiting).toBe(0);
    for (const each of all) while (each.open.length > 0) each.answer();
    await settle();
    for (const state of waiting) expect(state()[0]).toBe("kept");
  });

  test("what was offered to one who gives up at that moment is offered to the next", async () => {
    const all = backends(2, 1);
    // The first endpoint is the first choice of all, and they wait in its line alone.
    const service = balance({ endpoints: entries(all), waitAt: 1, random: () => 0 });
    const permits = [service.tryReady("x")!, service.tryReady("x")!];
    const controller = new AbortController();
    service.call("a", { signal: controller.signal }).catch(() => {});
    void service.call("b");
    expect(all.map(({ slots }) => slots.waiting)).toEqual([2, 0]);
    permits[1]!.release();
    controller.abort("enough");
    await settle();
    expect(all[1]!.requests).toEqual(["b"]);
    expect(service.waiting).toBe(0);
  });

  test("a newcomer who finds no room sends nobody into further lines", async () => {
    const all = backends(4, 1);
    const service = balance({ endpoints: entries(all), waitAt: 1 });
    fill(all, service);
    void service.call("x");
    for (let newcomer = 0; newcomer < 20; newcomer++) {
      expect(service.tryReady("newcomer")).toBeUndefined();
      await settle();
    }
    expect(all.reduce((lines, { slots }) => lines + slots.waiting, 0)).toBe(1);
  });

  test("no newcomer is let in before one who was sent there", async () => {
    const all = backends(2, 1);
    const service = balance({ endpoints: entries(all), waitAt: 1 });
    fill(all, service);
    void service.call("x");
    const free = all.find(({ slots }) => slots.waiting === 0)!;
    free.answer();
    // In each microtask until it is served.
    const before: string[] = [];
    for (let microtask = 0; microtask < 10; microtask++) {
      const newcomer = service.tryReady("newcomer");
      if (newcomer !== undefined && free.requests.length === 1) before.push(`in microtask ${microtask}`);
      newcomer?.release();
      await Promise.resolve();
    }
    expect(before).toEqual([]);
    expect(free.requests).toEqual(["first", "x"]);
  });

  test("no newcomer who waits is let in before one who was sent there", async () => {
    let random = 0;
    const all = backends(2, 1);
    const service = balance({ endpoints: entries(all), waitAt: 1, random: () => random });
    const permits = [service.tryReady("x")!, service.tryReady("x")!];
    void service.call("a");
    expect(all.map(({ slots }) => slots.waiting)).toEqual([1, 0]);
    permits[1]!.release();
    // The newcomer waits at the endpoint to which the other is on its way.
    random = 0.5;
    void service.call("newcomer");
    await settle();
    expect(all[1]!.requests).toEqual(["a"]);
    all[1]!.answer();
    await settle();
    expect(all[1]!.requests).toEqual(["a", "newcomer"]);
  });

  test("as many are sent to an endpoint as calls end there in one turn", async () => {
    const [hanging, quick] = [new Backend("hanging", 1), new Backend("quick", 3)];
    const service = balance({ endpoints: entries([hanging, quick]), waitAt: 1, random: () => 0 });
    fill([hanging, quick], service);
    for (const request of ["a", "b", "c", "d"]) void service.call(request);
    expect([hanging.slots.waiting, quick.slots.waiting]).toEqual([4, 0]);
    for (let call = 0; call < 3; call++) quick.answer();
    await settle();
    expect(quick.requests.slice(3)).toEqual(["a", "b", "c"]);
    expect(service.waiting).toBe(1);
  });

  test("an endpoint that is added while a caller begins to wait serves it, and newcomers after it", async () => {
    const fresh = new Backend("fresh");
    for (const leaves of [false, true]) {
      let adds = false;
      /** It has no room, and its line is somebody's who adds another. */
      class Full extends Service<string, string> {
        override tryReady(): undefined {}
        override ready(): Promise<never> {
          if (adds) service.add("fresh", fresh.service);
          adds = false;
          return new Promise(() => {});
        }
      }
      const service = balance<Service<string, string>>({ endpoints: [["full", new Full()]], waitAt: 1 });
      adds = true;
      const controller = new AbortController();
      service.call("a", { signal: controller.signal }).catch(() => {});
      if (leaves) controller.abort();
      await settle();
      expect(fresh.requests.splice(0)).toEqual(leaves ? [] : ["a"]);
      expect(service.tryReady("newcomer")).toBeDefined();
    }
  });

  test("nothing is left behind, whatever the interleaving", async () => {
    const step = fc.record({
      do: fc.constantFrom("call", "ready", "abort", "answer", "fail", "release", "settle", "add", "delete"),
      at: fc.nat(5),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 3 }), async (steps, waitAt) => {
        const all = backends(6, 1);
        const service = balance({ endpoints: entries(all.slice(0, 3)), waitAt });
        const permits: { release(): void }[] = [];
        const controllers: AbortController[] = [];
        for (const { do: what, at } of steps) {
          const controller = new AbortController();
          const { signal } = controller;
          if (what === "call") service.call("x", { signal }).catch(() => {});
          else if (what === "ready")
            service.ready({ signal }).then(
              (permit) => permits.push(permit),
              () => {},
            );
          else if (what === "abort") controllers[at % controllers.length]?.abort();
          else if (what === "answer" && all[at]!.open.length > 0) all[at]!.answer();
          else if (what === "fail" && all[at]!.open.length > 0) all[at]!.fail(new Error("no"));
          else if (what === "release") permits[at % permits.length]?.release();
          else if (what === "settle") await settle();
          else if (what === "add") service.add(all[at]!.name, all[at]!.service);
          else if (what === "delete") service.delete(all[at]!.name);
          if (what === "call" || what === "ready") controllers.push(controller);
          for (const { open } of all) expect(open.length).toBeLessThanOrEqual(1);
        }
        await settle();
        // Whoever waits, waits although there is no room.
        const room = service.endpoints.filter(({ key }) =>
          all.some(({ name, slots }) => name === key && slots.available > 0),
        );
        expect(service.waiting > 0 ? room : []).toEqual([]);
        for (const controller of controllers) controller.abort();
        for (let round = 0; round < 5; round++) {
          for (const each of all) while (each.open.length > 0) each.answer();
          for (const permit of permits) permit.release();
          await settle();
        }
        expect(service).toMatchObject({ waiting: 0, pending: 0 });
        for (const { slots } of all) expect(slots.idle).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
