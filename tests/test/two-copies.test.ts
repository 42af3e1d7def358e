import { readdirSync } from "node:fs";
import { join } from "node:path";
import * as bufferHere from "@sluice/buffer";
import * as coreHere from "@sluice/core";
import * as limitHere from "@sluice/limit";
import * as loadShedHere from "@sluice/load-shed";
import * as meterHere from "@sluice/meter";
import * as retryHere from "@sluice/retry";
import * as timeoutHere from "@sluice/timeout";
import * as traceHere from "@sluice/trace";
import * as utilHere from "@sluice/util";
import * as utilBoxHere from "@sluice/util-box";
import { VirtualClock } from "@sluice/testing";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { stacked } from "./helper/stacked.ts";
import { turn } from "@sluice/test-kit";
import { watchedAbort } from "./helper/watched-abort.ts";
import { Workshop } from "./helper/workshop.ts";

const here = {
  ...bufferHere,
  ...coreHere,
  ...limitHere,
  ...loadShedHere,
  ...meterHere,
  ...retryHere,
  ...timeoutHere,
  ...traceHere,
  ...utilHere,
  ...utilBoxHere,
};
type Copy = typeof here;

// A process may load every package twice: as an ES module and as CommonJS, or in two versions.
let there: Copy;

beforeAll(async () => {
  vi.resetModules();
  const [buffer, core, limit, loadShed, meter, retry, timeout, trace, util, utilBox] = await Promise.all([
    import("@sluice/buffer"),
    import("@sluice/core"),
    import("@sluice/limit"),
    import("@sluice/load-shed"),
    import("@sluice/meter"),
    import("@sluice/retry"),
    import("@sluice/timeout"),
    import("@sluice/trace"),
    import("@sluice/util"),
    import("@sluice/util-box"),
  ]);
  there = { ...buffer, ...core, ...limit, ...loadShed, ...meter, ...retry, ...timeout, ...trace, ...util, ...utilBox };
});

test("they are two", () => {
  for (const name of ["Service", "Semaphore", "TimeoutError", "BufferClosedError", "concurrencyLimit"] as const) {
    expect(there[name]).not.toBe(here[name]);
  }
  expect(
    stacked(
      [],
      there.serviceFn((request: string) => request),
    ),
  ).not.toBeInstanceOf(here.Service);
});

interface Exports extends Readonly<Record<string, unknown>> {
  readonly recover: typeof utilHere.recover;
  readonly serviceFn: typeof coreHere.serviceFn;
}

/** All exports of every package, of one copy. */
async function everything(): Promise<Exports> {
  const nouns = readdirSync(join(import.meta.dirname, "../../packages"));
  return Object.assign({}, ...(await Promise.all(nouns.map((noun) => import(`@sluice/${noun}`))))) as Exports;
}

type Guard = (error: unknown) => boolean;
type ErrorClass = new (of: unknown) => Error;

const oneCopy = await everything();
const errors = Object.keys(oneCopy).filter((name) => /^[A-Z]\w*Error$/.test(name));
const guardsOf = (copy: Exports) => errors.map((name) => [`is${name}`, copy[`is${name}`] as Guard] as const);
/** The constructor arguments of errors, where they are not strings. */
const madeOf: Readonly<Record<string, unknown>> = { StatusError: new Response("text", { status: 503 }) };
const made = (copy: Exports, name: string): Error => new (copy[name] as ErrorClass)(madeOf[name] ?? "text");

describe.each(errors)("%s of one copy", (name) => {
  const copies: Exports[] = [];
  beforeAll(async () => {
    copies.push(oneCopy, await everything());
  });

  test("is another class", () => {
    expect(copies[0]?.[name]).not.toBe(copies[1]?.[name]);
  });

  test("is known by the guards of both, and by no other guard", () => {
    for (const error of copies.map((copy) => made(copy, name))) {
      for (const copy of copies) {
        expect(guardsOf(copy).flatMap(([guard, is]) => (is(error) ? [guard] : []))).toEqual([`is${name}`]);
      }
    }
  });

  test("is recovered from by class in the other", async () => {
    for (const [thrower, recoverer] of [copies, [...copies].reverse()] as [Exports, Exports][]) {
      const failing = thrower.serviceFn((_request: string): string => {
        throw made(thrower, name);
      });
      const failure = recoverer[name] as utilHere.FailureClass<Error>;
      const service = stacked([recoverer.recover(failure, () => "recovered")], failing);
      expect(await service.call("x")).toBe("recovered");
    }
  });
});

describe.each([
  ["this copy around the other", () => [here, there] as const],
  ["the other copy around this", () => [there, here] as const],
])("layers of %s", (_name, copies) => {
  test("promises 1 and 2: a permit is capacity in both, and is spent once", async () => {
    const [outer, inner] = copies();
    const limits = [outer.concurrencyLimit(2), inner.concurrencyLimit(1)] as const;
    const workshop = new Workshop();
    const service = stacked([limits[0], outer.timeout(1_000), limits[1]], workshop.service);
    const permit = service.tryReady("a");
    expect(limits.map(({ active }) => active)).toEqual([1, 1]);
    expect(service.tryReady("b")).toBeUndefined();
    expect(limits.map(({ active }) => active)).toEqual([1, 1]);
    const answer = permit?.call("a");
    for (const copy of copies()) await expect(permit?.call("a")).rejects.toSatisfy(copy.isPermitSpentError);
    workshop.of("a").finish();
    expect(await answer).toBe("A");
    await turn();
    expect(limits.map(({ active }) => active)).toEqual([0, 0]);
  });

  test("refusals: what one copy leaves behind the other reports", async () => {
    const [outer, inner] = copies();
    const clock = new VirtualClock();
    const rate = inner.rateLimit({ limit: 1, interval: 100, clock });
    const service = stacked(
      [outer.loadShed(), rate],
      inner.serviceFn((request: string) => request),
    );
    await service.call("a");
    const refused = service.call("b");
    await expect(refused).rejects.toSatisfy(inner.isOverloadedError);
    await expect(refused).rejects.toMatchObject({ layer: "rateLimit", retryAfter: 100 });
    // A retry of either copy honours it.
    const backoff = outer.exponentialBackoff({ base: 1, max: 1 });
    const retries = outer.retry(outer.retryPolicy({ maxRetries: 1, backoff }), { clock });
    const answer = stacked([retries], service).call("c");
    await clock.advanceAsync(99);
    expect(retries.waiting).toBe(1);
    await clock.advanceAsync(1);
    expect(await answer).toBe("c");
  });

  test("meters: each copy's counts around the layers of the other, and both find all", async () => {
    const [outer, inner] = copies();
    const [around, within] = [outer.meter("two copies"), inner.meter("two copies")];
    const workshop = new Workshop();
    const service = stacked([around, inner.concurrencyLimit(1), within], workshop.service);
    const calls = [service.call("a"), service.call("b")];
    expect(service.tryReady("c")).toBeUndefined();
    expect(around.snapshot()).toMatchObject({ waiting: 1, active: 1, refusedBy: { concurrencyLimit: 1 } });
    expect(within.snapshot()).toMatchObject({ waiting: 0, active: 1, refused: 0 });
    for (const name of ["a", "b"]) {
      workshop.of(name).finish();
      await turn();
    }
    expect(await Promise.all(calls)).toEqual(["A", "B"]);
    for (const copy of copies()) {
      const found = [...copy.meters()].filter((each) => each === around || each === within);
      expect(found).toEqual([around, within]);
    }
  });

  test("promise 4: callers are served in order", async () => {
    const [outer, inner] = copies();
    const workshop = new Workshop();
    const layers = [
      outer.concurrencyLimit(3),
      inner.buffer({ capacity: 2 }),
      outer.concurrencyLimit(2),
      inner.concurrencyLimit(1),
    ];
    const service = stacked(layers, workshop.service);
    const names = ["a", "b", "c", "d", "e", "f"];
    const answers = names.map((name) => service.call(name));
    for (const name of names) {
      await turn();
      expect(workshop.running.map(({ request }) => request)).toEqual([name]);
      workshop.of(name).finish();
    }
    expect(await Promise.all(answers)).toEqual(names.map((name) => name.toUpperCase()));
  });

  test("promise 5: an abort is prompt, and leaves no listener", async () => {
    const [outer, inner] = copies();
    const workshop = new Workshop();
    const limits = [outer.concurrencyLimit(5), inner.concurrencyLimit(1)] as const;
    const service = stacked([outer.timeout({ ready: 1_000, clock: new VirtualClock() }), ...limits], workshop.service);
    void service.call("a");
    const abort = watchedAbort();
    const waiting = service.call("b", { signal: abort.signal });
    await turn();
    abort.abort("left");
    await expect(waiting).rejects.toBe("left");
    await turn();
    expect([limits[0].active, limits[1].waiting, abort.listening]).toEqual([1, 0, 0]);
  });

  test("promise 6: a limit of one, around a timeout and inside it", async () => {
    const [outer, inner] = copies();
    for (const layers of [
      (clock: VirtualClock) => [outer.concurrencyLimit(1), inner.timeout({ call: 10, clock })],
      (clock: VirtualClock) => [outer.timeout({ call: 10, clock }), inner.concurrencyLimit(1)],
    ]) {
      const clock = new VirtualClock();
      const workshop = new Workshop();
      const service = stacked(layers(clock), workshop.service);
      const first = service.call("a");
      const second = service.call("b");
      second.catch(() => {});
      void clock.advance(10);
      for (const copy of copies()) await expect(first).rejects.toSatisfy(copy.isTimeoutError);
      await clock.advance(0);
      expect(workshop.begun).toEqual(["a"]);
      workshop.of("a").finish();
      await turn();
      expect([workshop.begun.length <= 2, workshop.most]).toEqual([true, 1]);
    }
  });

  test("a semaphore, a backoff, a budget and a route may come from the other", async () => {
    const [outer, inner] = copies();
    const semaphore = new inner.Semaphore(1);
    const limit = outer.concurrencyLimit(semaphore);
    const policy = outer.retryPolicy({
      maxRetries: 1,
      backoff: inner.exponentialBackoff({ base: 0, max: 0 }),
      budget: inner.retryBudget(),
    });
    let calls = 0;
    const route = stacked(
      [limit],
      inner.serviceFn((request: string) => {
        if (++calls === 1) throw new Error("again");
        return `${request}${semaphore.active}`;
      }),
    );
    const table = outer.routingTable({ key: () => "only", routes: new Map([["only", inner.boxed(route)]]) });
    expect(await stacked([outer.retry(policy)], table).call("x")).toBe("x1");
    expect(semaphore.active).toBe(0);
  });

  test("trace has one storage: the inner joins the id of the outer, and each reads what the other set", async () => {
    const [outer, inner] = copies();
    const service = stacked(
      [outer.trace({ generateId: () => "one" }), inner.trace({ generateId: () => "two" })],
      inner.serviceFn(
        () =>
          `${outer.currentRequestId()} ${inner.currentRequestId()} ${outer.currentTraceparent() === inner.currentTraceparent()}`,
      ),
    );
    expect(await service.call("x")).toBe("one one true");
    expect(outer.currentRequestId()).toBeUndefined();
  });

  test("a builder of one builds with layers and services of both", async () => {
    const [outer, inner] = copies();
    const builder = new outer.ServiceBuilder()
      .layer(inner.loadShed())
      .layer(outer.timeout(100))
      .layer(inner.concurrencyLimit(1));
    expect(builder.describe()).toEqual(["loadShed", "timeout", "concurrencyLimit"]);
    expect(await builder.service(inner.serviceFn((n: number) => n + 1)).call(1)).toBe(2);
  });
});
