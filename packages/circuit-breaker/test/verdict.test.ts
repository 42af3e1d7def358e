import { AsyncLocalStorage } from "node:async_hooks";
import { unhandledIn } from "@sluice/test-kit";
import { describe, expect, test } from "vitest";
import { down, setUp } from "./helper/set-up.ts";

describe("promise 7: an abort that reaches the caller first is no outcome of the service", () => {
  test("a call whose caller gave up is not counted", async () => {
    const { breaker, begin } = setUp({ consecutive: 1 });
    const controller = new AbortController();
    const call = await begin(controller.signal);
    controller.abort(new Error("no longer wanted"));
    await call.fail(controller.signal.reason);
    expect(breaker).toMatchObject({ state: "closed", calls: 0, failures: 0 });
  });

  test("a response that comes all the same is a success", async () => {
    const { breaker, begin } = setUp();
    const controller = new AbortController();
    const call = await begin(controller.signal);
    controller.abort();
    await call.respond();
    expect(breaker).toMatchObject({ calls: 1, failures: 0 });
  });

  test.each([
    ["of AbortSignal.timeout", new DOMException("late", "TimeoutError")],
    ["of a timeout layer", Object.assign(new Error("late"), { name: "TimeoutError" })],
  ])("a timeout %s is a failure, also from outside", async (_name, reason) => {
    const { breaker, begin } = setUp();
    const controller = new AbortController();
    const call = await begin(controller.signal);
    controller.abort(reason);
    await call.fail(reason);
    expect(breaker).toMatchObject({ calls: 1, failures: 1 });
  });

  test.each([undefined, null, "text", Object.create(null)])("any reason will do: %s", async (reason) => {
    const { breaker, begin } = setUp();
    const controller = new AbortController();
    const call = await begin(controller.signal);
    controller.abort(reason);
    await call.fail(reason);
    expect(breaker.calls).toBe(0);
  });

  test("a failure that came before the abort counts", async () => {
    const { breaker, begin } = setUp();
    const controller = new AbortController();
    const call = await begin(controller.signal);
    await call.fail();
    controller.abort();
    expect(breaker).toMatchObject({ calls: 1, failures: 1 });
  });
});

describe("classify", () => {
  test("decides what a response and a failure are, and is told of the request, the time, and whether the caller gave up", async () => {
    const seen: unknown[] = [];
    const { breaker, clock, begin } = setUp({
      classify(outcome, call) {
        seen.push([outcome.status, call]);
        if (outcome.status === "fulfilled") return outcome.value === "503" ? "failure" : "success";
        return outcome.reason === "gone" ? "ignore" : undefined;
      },
    });
    const controller = new AbortController();
    await clock.advance(50);
    const call = await begin(controller.signal);
    await clock.advance(30);
    controller.abort();
    await call.respond("503");
    expect(seen).toEqual([["fulfilled", { request: "x", elapsed: 30, aborted: true }]]);
    expect(breaker).toMatchObject({ calls: 1, failures: 1 });
    await (await begin()).respond("200");
    await (await begin()).fail("gone");
    expect(breaker).toMatchObject({ calls: 2, failures: 1 });
    await (await begin()).fail();
    expect(breaker).toMatchObject({ calls: 3, failures: 2 });
  });

  test("a number is so much of a failure; and in a row, or of a probe, a failure from failureRatio on", async () => {
    const { breaker, clock, begin } = setUp({
      window: { calls: 4 },
      breakFor: 1_000,
      classify: (outcome) => (outcome.status === "fulfilled" ? Number(outcome.value) : undefined),
    });
    await (await begin()).respond("0.25");
    await (await begin()).respond("0.25");
    await (await begin()).respond("0.5");
    expect(breaker).toMatchObject({ calls: 3, failures: 1 });
    await (await begin()).respond("1");
    expect(breaker.state).toBe("open");
    await clock.advance(1_000);
    await (await begin()).respond("0.5");
    expect(breaker.state).toBe("open");
    await clock.advance(1_000);
    await (await begin()).respond("0.4");
    expect(breaker.state).toBe("closed");
  });

  test("where parts of failures add up to open it, the last of them is the cause", async () => {
    const more = setUp({
      window: { calls: 2 },
      failureRatio: 0.3,
      classify: (outcome) => (outcome.status === "rejected" ? 0.2 : 0.4),
    });
    await (await more.begin()).respond();
    await (await more.begin()).fail();
    await expect(more.service.call("x")).rejects.toMatchObject({ cause: down });
  });

  test.each([
    [
      "throws",
      (): never => {
        throw new Error("no verdict");
      },
    ],
    ["answers with text", () => "fine"],
    ["answers with 2", () => 2],
    ["answers with -1", () => -1],
    ["answers with true", () => true],
    ["answers with NaN", () => Number.NaN],
    ["answers with a promise", () => Promise.resolve("success")],
    ["answers with null", () => null],
  ])("where it %s, that is reported, the default counts, and a probe's place is not lost", async (_name, classify) => {
    const reported = await unhandledIn(async () => {
      const { breaker, clock, fail, succeed } = setUp({ consecutive: 1, breakFor: 100, classify: classify as never });
      await fail();
      expect(breaker.state).toBe("open");
      await clock.advance(100);
      await succeed();
      expect(breaker.state).toBe("closed");
    });
    expect(reported).toHaveLength(2);
  });

  test("the report of an odd answer says which layer got it, what there is to answer, and what came", async () => {
    const [reported] = await unhandledIn(async () => {
      await setUp({ classify: () => "fine" as never }).succeed();
    });
    expect(String(reported)).toBe(
      'TypeError: circuitBreaker: classify must return "success", "failure", "ignore", a number from 0 to 1, or undefined; received "fine"',
    );
  });

  test.each([
    [0, 0],
    [1, 1],
  ])("%d is a number that it may answer with", async (share, failures) => {
    const { breaker, succeed } = setUp({ classify: () => share });
    await succeed();
    expect(breaker).toMatchObject({ calls: 1, failures });
  });

  test("it is not asked about a call that was let in before the circuit opened: nothing comes of that", async () => {
    const asked: string[] = [];
    const { begin } = setUp({
      consecutive: 1,
      classify(_outcome, { request }) {
        asked.push(request);
        return undefined;
      },
    });
    const [old, bad] = [await begin(), await begin()];
    await bad.fail();
    await old.fail();
    expect(asked).toHaveLength(1);
  });

  test("it runs in the async context of its caller", async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const { service, handle } = setUp({
      classify() {
        seen.push(storage.getStore());
        return undefined;
      },
    });
    const answers = ["ann", "bob"].map((name) => storage.run(name, () => service.call(name)));
    const requests = [await handle.nextRequest(), await handle.nextRequest()];
    storage.run("eve", () => requests[1]?.respond("ok"));
    requests[0]?.respond("ok");
    await Promise.all(answers);
    expect(seen).toEqual(["bob", "ann"]);
  });

  test("it may close the circuit itself: then its verdict comes too late", async () => {
    const { breaker, fail } = setUp({
      consecutive: 1,
      classify() {
        breaker.close();
        return "failure";
      },
    });
    await fail();
    expect(breaker).toMatchObject({ state: "closed", calls: 0 });
  });
});
