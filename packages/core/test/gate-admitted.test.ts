import { unhandledIn } from "@sluice/test-kit";
import { describe, expect, test } from "vitest";
import { type Gate, gate, type Lease, type ReadyOptions, Semaphore, ServiceBuilder } from "../src/index.ts";
import { Leaf } from "./helper/leaf.ts";

/** A gate made of a semaphore: it looks at the leases that the semaphore grants. */
class Watched implements Gate<unknown> {
  readonly inner: Semaphore;
  readonly log: string[] = [];
  trap = false;

  constructor(max: number) {
    this.inner = new Semaphore(max);
  }

  tryAcquire(): Lease | undefined {
    return this.inner.tryAcquire();
  }

  acquire(options?: ReadyOptions): Promise<Lease> {
    return this.inner.acquire(options);
  }

  admitted(lease: Lease, request?: unknown): Lease {
    if (this.trap) throw new Error("admitted trap");
    this.log.push(`admitted ${String(request)}`);
    return {
      cancel: () => {
        this.log.push(`cancel ${String(request)}`);
        lease.cancel();
      },
      start: (spentOn) => {
        this.log.push(`start ${String(spentOn)}`);
      },
      finish: (outcome) => {
        this.log.push(`finish ${String(request)}`);
        lease.finish(outcome);
      },
    };
  }
}

function around(policy: Watched) {
  const leaf = new Leaf();
  const inner = new Semaphore(10);
  const service = new ServiceBuilder()
    .layer(gate(policy, { name: "watched" }))
    .layer(gate(inner, { name: "inner" }))
    .service(leaf.service);
  return { service, leaf, inner };
}

describe("what a gate holds in the place of a lease", () => {
  test("is held and finished, whether granted at once or in turn", async () => {
    const policy = new Watched(1);
    const { service, leaf } = around(policy);
    const first = service.call("a");
    const second = service.call("b");
    leaf.last.respond();
    await first;
    leaf.last.respond();
    await second;
    expect(policy.log).toEqual(["admitted a", "start a", "finish a", "admitted b", "start b", "finish b"]);
    expect(policy.inner.active).toBe(0);
  });

  test("is asked for of a kind of semaphore as well", async () => {
    const log: string[] = [];
    class Noted extends Semaphore {
      admitted(lease: Lease): Lease {
        log.push("admitted");
        return lease;
      }
    }
    const semaphore = new Noted(1);
    const service = gate(semaphore, { name: "noted" }).wrap(new Leaf().service);
    service.tryReady()?.release();
    expect(log).toEqual(["admitted"]);
    expect(semaphore.active).toBe(0);
  });

  test("a caller granted in line is not overtaken by a newcomer in any microtask before it has moved on (promise 4)", async () => {
    const policy = new Watched(2);
    const { service, leaf } = around(policy);
    const order: string[] = [];
    const track = (name: string, answer: Promise<unknown>): Promise<unknown> => answer.then(() => order.push(name));
    const held = [service.tryReady("x")!, service.tryReady("y")!];
    const waiting = track("waiter", service.call("w"));
    held[0]!.release();
    // In each single microtask from the grant on.
    const newcomers: (number | undefined)[] = [];
    for (let microtask = 0; microtask < 4; microtask++) {
      newcomers.push(leaf.calls.length > 0 ? undefined : Number(service.tryReady("n") !== undefined));
      await Promise.resolve();
    }
    expect(newcomers.filter((served) => served === 1)).toEqual([]);
    leaf.last.respond();
    await waiting;
    held[1]!.release();
    expect(policy.inner.active).toBe(0);
  });

  test("is cancelled when the service inside is at capacity", () => {
    const policy = new Watched(1);
    const { service, inner } = around(policy);
    inner.max = 0;
    expect(service.tryReady("a")).toBeUndefined();
    expect(policy.log).toEqual(["admitted a", "cancel a"]);
    expect(policy.inner.active).toBe(0);
  });

  test("a grant that meets an abort cancels the lease itself, which is what was granted (promise 5)", async () => {
    const policy = new Watched(1);
    const { service } = around(policy);
    const permit = service.tryReady("a")!;
    const caller = new AbortController();
    const waiting = service.call("b", { signal: caller.signal });
    permit.release();
    const reason = new Error("no longer wanted");
    caller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(policy.inner.active).toBe(0);
    expect(policy.log).toEqual(["admitted a", "cancel a"]);
  });

  test("a throw is a failure of readiness, and the lease is cancelled", async () => {
    const policy = new Watched(1);
    const { service, inner } = around(policy);
    const permit = service.tryReady("a")!;
    const waiting = service.call("b");
    policy.trap = true;
    const reported = await unhandledIn(async () => {
      permit.release();
      await expect(waiting).rejects.toThrow("admitted trap");
      expect(() => service.tryReady("c")).toThrow("admitted trap");
    });
    expect(reported).toEqual([]);
    expect([policy.inner.active, inner.active]).toEqual([0, 0]);
  });

  test("that is no function is refused when the gate is made", () => {
    const policy = Object.assign(new Semaphore(1), { admitted: 5 as never });
    expect(() => gate(policy, { name: "x" })).toThrow("gate: gate.admitted must be a function; received 5");
  });
});
