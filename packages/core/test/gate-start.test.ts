import { unhandledIn } from "@sluice/test-kit";
import { describe, expect, test } from "vitest";
import {
  type CallOptions,
  type Gate,
  gate,
  type Lease,
  OverloadedError,
  Semaphore,
  ServiceBuilder,
} from "../src/index.ts";
import { Leaf } from "./helper/leaf.ts";

/** A gate that writes down what its leases are started with, and refuses the requests that it is told to. */
class Starting implements Gate<unknown, OverloadedError> {
  readonly started: [request: unknown, options: CallOptions][] = [];
  readonly log: string[] = [];
  refuses: string | undefined;

  tryAcquire(): Lease {
    return {
      cancel: () => {
        this.log.push("cancel");
      },
      start: (request, options) => {
        if (request === this.refuses) throw new OverloadedError("starting");
        this.started.push([request, options]);
      },
      finish: ({ status }) => {
        this.log.push(status);
      },
    };
  }

  acquire(): Promise<Lease> {
    return Promise.resolve(this.tryAcquire());
  }
}

function stack(policy: Starting) {
  const leaf = new Leaf();
  const outer = new Semaphore(1);
  const inner = new Semaphore(1);
  const service = new ServiceBuilder()
    .layer(gate(outer, { name: "outer" }))
    .layer(gate(policy, { name: "starting" }))
    .layer(gate(inner, { name: "inner" }))
    .service(leaf.service);
  return { service, leaf, active: () => [outer.active, inner.active] };
}

describe("a lease is started", () => {
  test("with the request that the permit is spent on, not the one it was reserved for (promise 10)", async () => {
    const policy = new Starting();
    const { service, leaf } = stack(policy);
    const answer = service.tryReady("a")!.call("b");
    expect(policy.started.map(([request]) => request)).toEqual(["b"]);
    leaf.last.respond("ok");
    await answer;
    expect(policy.log).toEqual(["fulfilled"]);
  });

  test("with the caller's signal and deadline, so that an abort is told from a failure", async () => {
    const policy = new Starting();
    const { service, leaf } = stack(policy);
    const { signal } = new AbortController();
    const answer = service.call("a", { signal, deadline: 1e6 });
    expect(policy.started[0]![1]).toMatchObject({ signal, deadline: 1e6 });
    leaf.last.respond();
    await answer;
  });
});

describe("a start that throws refuses the call at the last moment", () => {
  test("it rejects with what was thrown, reaches nobody, and all is released (promises 1, 3, 9)", async () => {
    const policy = new Starting();
    const { service, leaf, active } = stack(policy);
    policy.refuses = "b";
    const permit = service.tryReady("a")!;
    expect(active()).toEqual([1, 1]);
    await expect(permit.call("b")).rejects.toBeInstanceOf(OverloadedError);
    expect(leaf.calls).toEqual([]);
    expect(active()).toEqual([0, 0]);
    expect(policy.log).toEqual(["cancel"]);
  });

  test("so does a call that had to wait for readiness", async () => {
    const policy = new Starting();
    const { service, leaf, active } = stack(policy);
    policy.refuses = "b";
    const first = service.call("a");
    const second = service.call("b");
    leaf.last.respond("ok");
    expect(await first).toBe("ok");
    await expect(second).rejects.toBeInstanceOf(OverloadedError);
    expect(active()).toEqual([0, 0]);
  });

  test("whatever the gate holds until", async () => {
    for (const holds of ["work", "answer", "start"] as const) {
      const policy = Object.assign(new Starting(), { holds, refuses: "b" });
      const { service, active } = stack(policy);
      await expect(service.call("b")).rejects.toBeInstanceOf(OverloadedError);
      expect(active()).toEqual([0, 0]);
      expect(policy.log).toEqual(["cancel"]);
    }
  });

  test("a lease that throws in cancel, too, keeps nobody from releasing", async () => {
    const policy: Gate<unknown> = {
      tryAcquire: () => ({
        cancel() {
          throw new Error("cancel trap");
        },
        start() {
          throw new Error("start trap");
        },
        finish() {},
      }),
      acquire: () => Promise.reject(new Error("nobody waits")),
    };
    const outer = new Semaphore(1);
    const service = new ServiceBuilder()
      .layer(gate(outer, { name: "outer" }))
      .layer(gate(policy, { name: "trap" }))
      .service(new Leaf().service);
    const reported = await unhandledIn(async () => {
      await expect(service.call(1)).rejects.toThrow("start trap");
    });
    expect(reported).toEqual([new Error("cancel trap")]);
    expect(outer.active).toBe(0);
  });
});
