import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, test } from "vitest";
import { gate, middleware, Semaphore, serviceFn, ServiceBuilder } from "../src/index.ts";
import { ask, stackOf } from "../src/internal.ts";
import { Foreign } from "./helper/foreign.ts";
import { RecordingGate } from "./helper/gates.ts";
import { turn } from "@sluice/test-kit";

const caller = new AsyncLocalStorage<string>();

/** Says in whose context it is called, and answers when it is told to. */
function witness() {
  const seen: (string | undefined)[] = [];
  const ends: (() => void)[] = [];
  const handler = (): Promise<void> => {
    seen.push(caller.getStore());
    return new Promise((resolve) => {
      ends.push(resolve);
    });
  };
  return { seen, ends, handler };
}

describe("promise 8: context", () => {
  test.each([1, 2, 3])("work that waited at %i gates runs in the context of the caller who asked", async (depth) => {
    const { seen, ends, handler } = witness();
    const service = Array.from({ length: depth }, () => gate(new Semaphore(1), { name: "limit" })).reduceRight(
      (inner, layer) => layer.wrap(inner),
      serviceFn(handler),
    );
    const calls = ["a", "b", "c"].map((name) => caller.run(name, () => service.call(undefined)));
    for (const [index, call] of calls.entries()) {
      // Each is let in by the end of the one before, in a context of neither.
      caller.run(`end of ${index}`, () => ends[index]?.());
      await call;
      await turn();
    }
    expect(seen).toEqual(["a", "b", "c"]);
  });

  test("and so does what a middleware does before and after", async () => {
    const { seen, ends, handler } = witness();
    const service = new ServiceBuilder()
      .layer(gate(new Semaphore(1), { name: "outer" }))
      .layer(
        middleware("notes", async (request, next, options) => {
          seen.push(`before: ${caller.getStore()}`);
          await next(request, options);
          seen.push(`after: ${caller.getStore()}`);
        }),
      )
      .serviceFn(handler);
    const calls = ["a", "b"].map((name) => caller.run(name, () => service.call("x")));
    for (const [index, call] of calls.entries()) {
      caller.run("somebody else", () => ends[index]?.());
      await call;
      await turn();
    }
    expect(seen).toEqual(["before: a", "a", "after: a", "before: b", "b", "after: b"]);
  });

  test("a permit runs its call in the context of whoever calls, not of whoever reserved", async () => {
    const { seen, ends, handler } = witness();
    const service = gate(new Semaphore(1), { name: "limit" }).wrap(serviceFn(handler));
    const permit = await caller.run("reserves", () => service.ready());
    const call = caller.run("calls", () => permit.call(undefined));
    ends[0]?.();
    await call;
    expect(seen).toEqual(["calls"]);
  });

  test("a service of another's making inside is asked and called in the caller's context", async () => {
    const { seen, ends, handler } = witness();
    const foreign = new Foreign(1, handler);
    const service = gate(new Semaphore(9), { name: "limit" }).wrap(foreign);
    const calls = ["a", "b"].map((name) => caller.run(name, () => service.call("x")));
    for (const [index, call] of calls.entries()) {
      caller.run("somebody else", () => ends[index]?.());
      await call;
      await turn();
    }
    expect(seen).toEqual(["a", "b"]);
  });

  test("a layer is told of a grant, a failure and an abort in the context of the caller who asked", async () => {
    const controller = new AbortController();
    const policies = [new RecordingGate("in", 0), new RecordingGate("refused", 0), new RecordingGate("ignores", 0)];
    const told: string[] = [];
    for (const policy of policies) {
      const stack = stackOf(gate(policy, { name: "g" }).wrap(serviceFn(() => 1)));
      const note = (): void => {
        told.push(`told in ${caller.getStore()}`);
      };
      caller.run("a", () => {
        ask(stack, { signal: controller.signal }, note, note);
      });
    }
    caller.run("somebody else", () => {
      policies[0]?.letIn();
      policies[1]?.refuse("closed");
    });
    await turn();
    caller.run("somebody else", () => {
      controller.abort();
    });
    await turn();
    expect(told).toEqual(["told in a", "told in a", "told in a"]);
  });

  test("who gave up learns of it in its own context", async () => {
    const service = gate(new Semaphore(0), { name: "limit" }).wrap(serviceFn(() => 1));
    const controller = new AbortController();
    const heard = caller.run("a", async () => {
      await service.call(undefined, { signal: controller.signal }).catch(() => {});
      return caller.getStore();
    });
    caller.run("somebody else", () => {
      controller.abort();
    });
    expect(await heard).toBe("a");
  });
});
