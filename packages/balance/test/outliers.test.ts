import { OverloadedError } from "@sluice/core";
import { unhandledIn, watch } from "@sluice/test-kit";
import { VirtualClock } from "@sluice/testing";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { maglev, ring } from "../src/hash/index.ts";
import { balance, type BalanceChange, type BalanceOptions } from "../src/index.ts";
import { Backend, backends, entries } from "./helper/backend.ts";

const down = new Error("down");

function setUp(count: number, options: Omit<BalanceOptions<Backend["service"]>, "endpoints">) {
  const clock = new VirtualClock();
  const all = backends(count);
  const changes: BalanceChange[] = [];
  const service = balance({
    endpoints: entries(all),
    clock,
    onChange: (change) => void changes.push(change),
    ...options,
  });
  changes.length = 0;
  /** So many calls, each of which ends as `end` says, at whichever endpoint it is. */
  const run = async (calls: number, end: (backend: Backend) => void, signal?: AbortSignal): Promise<void> => {
    for (let call = 0; call < calls; call++) {
      service.call("x", { signal }).catch(() => {});
      end(all.find(({ open }) => open.length > 0)!);
      await clock.advance(0);
    }
  };
  const ejected = (): unknown[] =>
    service.endpoints.filter(({ ejectedUntil }) => ejectedUntil !== undefined).map(({ key }) => key);
  return { clock, all, service, changes, run, ejected };
}

/** b0 fails, the others do not. */
const firstFails = (backend: Backend): void => (backend.name === "b0" ? backend.fail(down) : backend.answer());

describe("an endpoint that fails", () => {
  test("is ejected after so many failures in a row, for base times the number of its ejections", async () => {
    const { clock, all, service, run, ejected, changes } = setUp(3, { outliers: { base: 1_000 } });
    await run(100, firstFails);
    expect(all[0]!.requests).toHaveLength(5);
    expect(ejected()).toEqual(["b0"]);
    expect(service).toMatchObject({ ejected: 1, panicking: false });
    expect(service.endpoints[0]).toMatchObject({ ejectedUntil: 1_000, ejections: 1 });
    await clock.advance(999);
    await run(50, firstFails);
    expect(all[0]!.requests).toHaveLength(5);
    await clock.advance(1);
    await run(100, firstFails);
    expect(all[0]!.requests).toHaveLength(10);
    expect(service.endpoints[0]).toMatchObject({ ejectedUntil: 3_000, ejections: 2 });
    expect(changes.map(({ type }) => type)).toEqual(["ejected", "readmitted", "ejected"]);
  });

  test("is ejected for max at most, and forgiven one ejection for each interval in use", async () => {
    const { clock, service, run } = setUp(2, { outliers: { base: 1_000, max: 1_500, interval: 10_000 } });
    await run(100, firstFails);
    await clock.advance(1_000);
    await run(100, firstFails);
    expect(service.endpoints[0]).toMatchObject({ ejectedUntil: 2_500, ejections: 2 });
    await clock.advance(1_500 + 20_000);
    await run(100, firstFails);
    expect(service.endpoints[0]).toMatchObject({ ejections: 1, ejectedUntil: 22_500 + 1_000 });
  });

  test("is ejected by the share of its failures, from minimumCalls on", async () => {
    const outliers = { consecutive: Infinity, ratio: 0.5, minimumCalls: 10, interval: 1_000 };
    const { run, ejected, all } = setUp(2, { outliers });
    let turn = 0;
    const everySecond = (backend: Backend): void =>
      backend.name === "b0" && turn++ % 2 === 0 ? backend.fail(down) : backend.answer();
    while (all[0]!.requests.length < 9) await run(1, everySecond);
    expect(ejected()).toEqual([]);
    await run(40, everySecond);
    expect(ejected()).toEqual(["b0"]);
  });

  test("is in use again after that time, also where the clock was set back meanwhile", async () => {
    let now = 1_000_000;
    const clock = { now: () => now, setTimeout: () => 0, clearTimeout: () => {} };
    const all = backends(2);
    const outliers = { consecutive: 1, base: 1_000 };
    const service = balance({ endpoints: entries(all), clock, outliers, random: () => 0 });
    service.call("x").catch(() => {});
    all[0]!.fail(down);
    await new VirtualClock().advance(0);
    expect(service.endpoints[0]!.ejectedUntil).toBe(1_001_000);
    now -= 900_000;
    expect(service.endpoints[0]!.ejectedUntil).toBe(101_000);
    now += 999;
    expect(service.ejected).toBe(1);
    now += 1;
    expect(service.ejected).toBe(0);
  });

  test("is in use again for whoever looks, also where nobody calls", async () => {
    const { clock, run, service, ejected } = setUp(3, { outliers: { base: 1_000 } });
    await run(100, firstFails);
    expect(ejected()).toEqual(["b0"]);
    await clock.advance(1_000);
    expect(ejected()).toEqual([]);
    expect(service.endpoints[0]).toMatchObject({ ejections: 1, ejectedUntil: undefined });
    const other = setUp(3, { outliers: { base: 1_000 } });
    await other.run(100, firstFails);
    await other.clock.advance(1_000);
    expect(other.service.ejected).toBe(0);
  });

  test("is not judged by calls that were under way when it was ejected", async () => {
    const { clock, all, service, run } = setUp(3, { outliers: { base: 1_000, consecutive: 2, maxPercent: 100 } });
    const [first] = all;
    for (let call = 0; call < 100 && first!.open.length < 5; call++) service.call("x").catch(() => {});
    for (const other of all.slice(1)) while (other.open.length > 0) other.answer();
    for (let failures = 0; failures < 4; failures++) first!.fail(down);
    await clock.advance(0);
    expect(service.endpoints[0]).toMatchObject({ ejectedUntil: 1_000, ejections: 1 });
    await clock.advance(1_000);
    expect(service.ejected).toBe(0);
    // What counts begins anew: one more failure is the first.
    first!.fail(down);
    await clock.advance(0);
    expect(service.ejected).toBe(0);
    await run(100, firstFails);
    expect(service.endpoints[0]).toMatchObject({ ejections: 2 });
  });

  test("has its share of failures counted anew once it is in use again", async () => {
    const outliers = { consecutive: Infinity, ratio: 0.5, minimumCalls: 4, interval: 60_000, base: 1_000 };
    const { clock, all, run, service } = setUp(2, { outliers });
    /** Until the first has been asked so often. */
    const until = async (requests: number): Promise<void> => {
      for (let call = 0; call < 100 && all[0]!.requests.length < requests; call++) await run(1, firstFails);
    };
    await until(4);
    expect(service.ejected).toBe(1);
    await clock.advance(1_000);
    await until(7);
    expect(service.ejected).toBe(0);
    await until(8);
    expect(service.ejected).toBe(1);
  });

  test("never are more than maxPercent ejected, and one at least", async () => {
    const failAll = (backend: Backend): void => backend.fail(down);
    const few = setUp(10, { outliers: { maxPercent: 39 } });
    await few.run(500, failAll);
    expect(few.service.ejected).toBe(3);
    const one = setUp(3, { outliers: { maxPercent: 0 } });
    await one.run(100, failAll);
    expect(one.service.ejected).toBe(1);
  });

  test("in panic ejections count for nothing", async () => {
    const { run, service, all } = setUp(4, { outliers: { maxPercent: 100 }, panic: 0.6 });
    const halfFails = (backend: Backend): void => (backend.name < "b2" ? backend.fail(down) : backend.answer());
    await run(200, halfFails);
    expect(service).toMatchObject({ ejected: 2, panicking: true });
    const before = all[0]!.requests.length;
    await run(100, halfFails);
    expect(all[0]!.requests.length).toBeGreaterThan(before + 5);
  });

  test("that is the only one is used although it is ejected, whatever panic says", async () => {
    const { run, service } = setUp(1, { outliers: {}, panic: 0 });
    await run(5, (backend) => backend.fail(down));
    expect(service).toMatchObject({ ejected: 1, panicking: true });
    expect(service.tryReady("x")).toBeDefined();
  });
});

test.each([undefined, maglev({ key: String, size: 101 }), ring({ key: String })])(
  "one that the listener deletes when it is used again is not used any more, by %o",
  async (pick) => {
    const clock = new VirtualClock();
    const all = backends(3);
    const service = balance<Backend["service"]>({
      endpoints: entries(all),
      clock,
      outliers: { consecutive: 1, base: 1_000 },
      pick,
      onChange: (change) => void (change.type === "readmitted" && service.delete(change.endpoint.key)),
    });
    service.call("x").catch(() => {});
    const failing = all.find(({ open }) => open.length > 0)!;
    failing.fail(down);
    await clock.advance(0);
    await clock.advance(1_000);
    for (let call = 0; call < 50; call++) void service.call(`${call}`);
    expect(failing.requests).toEqual(["x"]);
    expect(service).toMatchObject({ size: 2, pending: 50 });
  },
);

describe("callers who wait", () => {
  test("are not sent to one that is ejected, and those in its line go elsewhere", async () => {
    const clock = new VirtualClock();
    const all = backends(4, 1);
    const service = balance({ endpoints: entries(all), clock, waitAt: 1, outliers: { consecutive: 3, base: 1_000 } });
    const calls = Array.from({ length: 40 }, () => watch(service.call("x")));
    for (let round = 0; round < 5; round++) {
      if (all[0]!.open.length > 0) all[0]!.fail(down);
      await clock.advance(0);
    }
    expect(service.endpoints[0]!.ejectedUntil).toBe(1_000);
    expect(all[0]!.requests).toHaveLength(3);
    expect(all[0]!.slots.idle).toBe(true);
    for (let round = 0; round < 40; round++) {
      for (const { open } of all) open.shift()?.resolve("answered");
      await clock.advance(0);
    }
    expect(calls.filter((state) => state()[0] === "kept")).toHaveLength(37);
    expect(all[0]!.requests).toHaveLength(3);
  });

  test("are served by one whose ejection is over, before the newcomer who finds that it is", async () => {
    const clock = new VirtualClock();
    const [first, second] = [new Backend("first", 2), new Backend("second", 1)];
    const outliers = { consecutive: 1, base: 1_000 };
    const service = balance({ endpoints: entries([first, second]), clock, outliers, random: () => 0 });
    service.call("x").catch(() => {});
    first.fail(down);
    await clock.advance(0);
    for (const request of ["y", "waiting"]) void service.call(request);
    expect(service).toMatchObject({ ejected: 1, waiting: 1 });
    await clock.advance(1_000);
    void service.call("newcomer");
    await clock.advance(0);
    expect(first.requests).toEqual(["x", "waiting", "newcomer"]);
  });

  test("in the line of one whose ejection is over by their turn are served there", async () => {
    const clock = new VirtualClock();
    const [first, second] = [new Backend("first", 2), new Backend("second", 1)];
    const outliers = { consecutive: 1, base: 1_000 };
    const service = balance({ endpoints: entries([first, second]), clock, outliers, waitAt: 1, random: () => 0 });
    for (let call = 0; call < 3; call++) service.call("x").catch(() => {});
    first.slots.max = 1;
    void service.call("waiting");
    expect(first.slots.waiting).toBe(1);
    first.fail(down);
    await clock.advance(0);
    expect(service).toMatchObject({ ejected: 1, waiting: 1 });
    await clock.advance(1_000);
    first.slots.max = 2;
    await clock.advance(0);
    expect(first.requests).toEqual(["x", "x", "waiting"]);
  });

  test("are served by those that are ejected as soon as there is panic", async () => {
    const clock = new VirtualClock();
    const all = backends(3, 1);
    const outliers = { consecutive: 1, maxPercent: 100 };
    const service = balance({ endpoints: entries(all), clock, outliers, panic: 0.5, waitAt: 1 });
    for (let call = 0; call < 3; call++) service.call("x").catch(() => {});
    all[0]!.fail(down);
    await clock.advance(0);
    for (const request of ["a", "b"]) void service.call(request);
    expect(service).toMatchObject({ ejected: 1, panicking: false, waiting: 2 });
    all[1]!.fail(down);
    await clock.advance(0);
    expect(service).toMatchObject({ ejected: 2, panicking: true, waiting: 0 });
    expect([...all[0]!.requests, ...all[1]!.requests].sort()).toEqual(["a", "b", "x", "x"]);
  });
});

test("whoever waits, waits although nothing that may be used has room, and nothing is left behind", async () => {
  const what = [
    "call",
    "call",
    "ready",
    "abort",
    "answer",
    "fail",
    "fail",
    "release",
    "add",
    "delete",
    "time",
    "use",
  ] as const;
  const steps = fc.array(fc.record({ what: fc.constantFrom(...what), at: fc.nat(5) }), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(
      steps,
      fc.integer({ min: 1, max: 3 }),
      fc.constantFrom(0, 0.5, 1),
      async (schedule, waitAt, panic) => {
        const clock = new VirtualClock();
        const all = backends(6, 1);
        const outliers = { consecutive: 1, base: 20, max: 40, interval: 10, maxPercent: 60 };
        /** What the listener does with the balancer itself, once. */
        let uses = (): void => {};
        const onChange = (): void => {
          const use = uses;
          uses = () => {};
          use();
        };
        const service = balance({ endpoints: entries(all.slice(0, 3)), waitAt, clock, panic, outliers, onChange });
        const permits: { release(): void }[] = [];
        const controllers: AbortController[] = [];
        const signalOfNext = (): AbortSignal => controllers[controllers.push(new AbortController()) - 1]!.signal;
        const call = (): void => void service.call("x", { signal: signalOfNext() }).catch(() => {});
        const take: { readonly [step in (typeof what)[number]]: (at: number) => unknown } = {
          call,
          ready: () =>
            void service.ready({ signal: signalOfNext() }).then(
              (permit) => permits.push(permit),
              () => {},
            ),
          abort: (at) => controllers[at % controllers.length]?.abort(),
          answer: (at) => all[at]!.open.length > 0 && all[at]!.answer(),
          fail: (at) => all[at]!.open.length > 0 && all[at]!.fail(down),
          release: (at) => permits[at % permits.length]?.release(),
          add: (at) => service.add(all[at]!.name, all[at]!.service),
          delete: (at) => service.delete(all[at]!.name),
          time: (at) => clock.advance(at * 5),
          use: (at) => {
            uses = at % 2 === 0 ? call : () => permits[at % permits.length]?.release();
          },
        };
        for (const { what: step, at } of schedule) {
          const done = take[step](at);
          if (step === "time") await done;
        }
        uses = () => {};
        await clock.advance(0);
        const { panicking, endpoints } = service;
        await clock.advance(0);
        const usable = endpoints.filter(({ ejectedUntil }) => ejectedUntil === undefined || panicking);
        const room = usable.filter(({ key }) => all.some(({ name, slots }) => name === key && slots.available > 0));
        expect(service.waiting > 0 ? room : []).toEqual([]);
        for (const controller of controllers) controller.abort();
        for (let round = 0; round < 8; round++) {
          for (const each of all) while (each.open.length > 0) each.answer();
          for (const permit of permits) permit.release();
          await clock.advance(10);
        }
        expect(service).toMatchObject({ waiting: 0, pending: 0 });
        for (const { slots } of all) expect(slots.idle).toBe(true);
        expect(service.tryReady("x") !== undefined).toBe(service.size > 0);
      },
    ),
    { numRuns: 500 },
  );
});

describe("what is no failure", () => {
  test("aborts of callers and refusals of ours are none", async () => {
    const { run, service } = setUp(2, { outliers: { consecutive: 1 } });
    await run(20, (backend) => backend.fail(new OverloadedError("inside")));
    const controller = new AbortController();
    await run(
      1,
      (backend) => {
        controller.abort(down);
        backend.fail(down);
      },
      controller.signal,
    );
    expect(service.ejected).toBe(0);
  });

  test("a call that a timeout outside ended is one", async () => {
    const { run, service } = setUp(2, { outliers: { consecutive: 1 } });
    const controller = new AbortController();
    await run(
      1,
      (backend) => {
        controller.abort(new DOMException("late", "TimeoutError"));
        backend.fail(controller.signal.reason);
      },
      controller.signal,
    );
    expect(service.ejected).toBe(1);
  });

  test("classify decides, and where it throws or answers with something else the default counts", async () => {
    const judged = setUp(2, {
      outliers: { consecutive: 1 },
      classify: (outcome, { request, elapsed, aborted }) => {
        expect([request, elapsed, aborted]).toEqual(["x", 0, false]);
        return outcome.status === "fulfilled" ? "failure" : "ignore";
      },
    });
    await judged.run(1, (backend) => backend.fail(down));
    expect(judged.service.ejected).toBe(0);
    await judged.run(1, (backend) => backend.answer());
    expect(judged.service.ejected).toBe(1);
    for (const bad of [() => "bad" as never, () => Promise.reject(down) as never, thrower]) {
      const reported = await unhandledIn(async () => {
        const other = setUp(2, { outliers: { consecutive: 1 }, classify: bad });
        await other.run(1, (backend) => backend.fail(down));
        expect(other.service.ejected).toBe(1);
      });
      expect(reported.length).toBeGreaterThan(0);
    }
  });
});

function thrower(): never {
  throw new Error("bad classify");
}
