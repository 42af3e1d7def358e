import { hops } from "@sluice/test-kit";
import { describe, expect, test, vi } from "vitest";
import { gate, type Gate, middleware, type Outcome, ServiceBuilder } from "../src/index.ts";
import { RecordingGate } from "./helper/gates.ts";
import { answering, Leaf } from "./helper/leaf.ts";

function holding(holds: Gate<unknown>["holds"]) {
  const policy = Object.assign(new RecordingGate("A", 1), { holds });
  const leaf = new Leaf();
  return { policy, leaf, layer: gate(policy, { name: "held" }) };
}

/** Answers at once, and goes on with the call. */
const hurried = middleware("hurried", (request, next, options) => {
  void next(request, options);
  return "early";
});

describe("a gate that holds until the answer", () => {
  test("is told the answer and the end together, while registered work goes on", async () => {
    const { policy, leaf, layer } = holding("answer");
    const service = new ServiceBuilder().layer(layer).layer(hurried).service(leaf.service);
    const handedUp: Promise<unknown>[] = [];
    expect(await service.call("x", { waitUntil: (work) => handedUp.push(work) })).toBe("early");
    expect(policy.log).toEqual(["A in", "A start", "A answered fulfilled", "A finish fulfilled"]);
    expect(handedUp).toHaveLength(1);
    leaf.last.respond();
  });

  test("need not hear of the start", async () => {
    const finished: string[] = [];
    const lease = { cancel() {}, finish: ({ status }: Outcome) => void finished.push(status) };
    const policy = { holds: "answer" as const, tryAcquire: () => lease, acquire: async () => lease };
    expect(await gate(policy, { name: "held" }).wrap(answering("ok")).call("x")).toBe("ok");
    expect(finished).toEqual(["fulfilled"]);
  });

  test("hands the caller's own options on, so that work is registered with those further out", async () => {
    const { leaf, layer } = holding("answer");
    const options = { deadline: 1e6, waitUntil: () => {} };
    const answer = layer.wrap(leaf.service).call("x", options);
    expect(leaf.last.options).toBe(options);
    leaf.last.respond();
    await answer;
  });

  test("adds one microtask at the edge and none inside, and hears of a failure", async () => {
    const { policy, layer } = holding("answer");
    expect(await hops(layer.wrap(answering("ok")).call("x"))).toBeLessThanOrEqual(1);
    const { leaf, layer: failing, policy: told } = holding("answer");
    const answer = failing.wrap(leaf.service).call("x");
    leaf.last.fail(new Error("no"));
    await expect(answer).rejects.toThrow("no");
    expect(told.log.at(-1)).toBe("A finish rejected");
    expect(policy.held).toBe(0);
  });

  test("is cancelled when the service inside has no room, and when a permit is released", () => {
    const { policy, leaf } = holding("answer");
    const service = new ServiceBuilder()
      .layer(gate(policy, { name: "held" }))
      .layer(gate(new RecordingGate("B", 0), { name: "full" }))
      .service(leaf.service);
    expect(service.tryReady()).toBeUndefined();
    gate(policy, { name: "held" }).wrap(leaf.service).tryReady()?.release();
    expect(policy.held).toBe(0);
    expect(policy.log.filter((entry) => entry === "A cancel")).toHaveLength(2);
  });
});

describe("bad input", () => {
  test.each(["answer", "start"] as const)("until with a gate that holds until the %s is a TypeError", (holds) => {
    const { policy } = holding(holds);
    expect(() => gate(policy, { name: "held", until: () => undefined })).toThrow(
      new TypeError(`gate: until must go with a gate that holds until the work has settled; received "${holds}"`),
    );
  });

  test("a gate that holds until something else is refused by name and value", () => {
    expect(() => holding("forever" as "work")).toThrow(
      new RangeError('gate: gate.holds must be one of "work", "answer", "start"; received "forever"'),
    );
  });
});

describe("a lease that says itself how long it is held", () => {
  const told = { answer: ["answered", "finish"], start: [], work: ["answered"] };

  test.each(["answer", "start", "work"] as const)("until the %s", async (holds) => {
    const { policy, leaf } = holding("work");
    const until = vi.fn<() => undefined>(() => undefined);
    const layer = gate<unknown>(
      {
        tryAcquire: () => Object.assign(policy.tryAcquire()!, { holds }),
        acquire: () => new Promise(() => {}),
      },
      { name: "made of gates", until },
    );
    const answer = layer.wrap(leaf.service).call("x", { waitUntil: () => {} });
    leaf.last.options.waitUntil?.(new Promise(() => {}));
    leaf.last.respond();
    await answer;
    expect(policy.log).toEqual(["A in", "A start", ...told[holds].map((event) => `A ${event} fulfilled`)]);
    // Nothing is held any more that the response could hold.
    expect(until).toHaveBeenCalledTimes(holds === "work" ? 1 : 0);
  });

  test("has no options made for it, nor an observer, where nobody wants to know the end", async () => {
    const options = { deadline: 1e6 };
    const leaf = new Leaf();
    const lease = { holds: "start", cancel() {}, finish() {} } as const;
    const layer = gate<unknown>({ tryAcquire: () => lease, acquire: () => Promise.resolve(lease) }, { name: "free" });
    const answer = layer.wrap(leaf.service).call("x", options);
    expect(leaf.last.options).toBe(options);
    leaf.last.respond();
    expect(await hops(layer.wrap(answering("ok")).call("x"))).toBe(await hops(answering("ok").call("x")));
    await answer;
  });
});
