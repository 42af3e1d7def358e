import { AsyncLocalStorage } from "node:async_hooks";
import {
  type Gate,
  gate,
  isOverloadedError,
  type Lease,
  OverloadedError,
  Semaphore,
  type Service,
  ServiceBuilder,
  takeRefusal,
} from "@sluice/core";
import { deferred, unhandledIn } from "@sluice/test-kit";
import { mockService, VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { Keyed, keyed } from "../src/index.ts";
import { perTenant, tenantOf } from "./helper/per-tenant.ts";

/** Lets everything settle that can. */
const settle = (): Promise<void> => new VirtualClock().advance(0);

/** What a call is refused with. */
async function refusalOf(answer: Promise<unknown> | undefined): Promise<OverloadedError> {
  const error: unknown = await answer?.catch((reason: unknown) => reason);
  if (!isOverloadedError(error)) throw new Error(`It is no refusal: ${String(error)}`);
  return error;
}

/** A permit, which there must be. */
function permitOf<Req, Res>(service: Service<Req, Res>, request?: NoInfer<Req>) {
  const permit = service.tryReady(request);
  if (permit === undefined) throw new Error("The service is not ready.");
  return permit;
}

/** What becomes of each lease of a gate, in order. */
class Recorded implements Gate<string> {
  readonly log: string[] = [];
  idle = true;
  holds?: "work" | "answer" | "start";
  refuses?: string;

  constructor(holds?: "work" | "answer" | "start") {
    if (holds !== undefined) this.holds = holds;
  }

  tryAcquire(request?: string): Lease {
    this.log.push(`acquire ${request}`);
    return {
      cancel: () => this.log.push("cancel"),
      start: (spentOn: string) => {
        this.log.push(`start ${spentOn}`);
        if (spentOn === this.refuses) throw new Error("refused by the gate");
      },
      answered: () => this.log.push("answered"),
      finish: () => this.log.push("finish"),
    };
  }

  acquire(): Promise<Lease> {
    throw new Error("never asked");
  }
}

describe("a gate for each key", () => {
  test("each tenant has slots of its own, made when it first comes", async () => {
    const { layer, service, handle, made } = perTenant(1);
    const ann = service.call("ann/1");
    expect(service.tryReady("ann/2")).toBeUndefined();
    const bob = service.call("bob/1");
    for (const request of ["ann/1", "bob/1"]) {
      const call = await handle.nextRequest();
      expect(call.request).toBe(request);
      call.respond("ok");
    }
    await Promise.all([ann, bob]);
    permitOf(service, "ann/3").release();
    expect(made).toEqual(["ann", "bob"]);
    expect(layer).toMatchObject({ size: 2, evicted: 0, refused: 0, maxKeys: 10_000 });
  });

  test("a request without a key is not limited, and has no gate", async () => {
    const { layer, service, handle } = perTenant(0);
    const calls = ["/1", "/2"].map((request) => service.call(request));
    for (let call = 0; call < 2; call++) (await handle.nextRequest()).respond("ok");
    expect(await Promise.all(calls)).toEqual(["ok", "ok"]);
    expect(layer.size).toBe(0);
  });

  test.each([[null], [Number.NaN], [0], [false], [Symbol("key")], [{}], [Object.create(null)]])(
    "anything but undefined is a key: %o",
    (key: unknown) => {
      const layer = keyed({ key: () => key, gate: () => new Semaphore(1) });
      const service = new ServiceBuilder().layer(layer).serviceFn((request: string) => request);
      const permit = permitOf(service, "a");
      expect(service.tryReady("b")).toBeUndefined();
      expect(layer.size).toBe(1);
      permit.release();
      permitOf(service, "b").release();
    },
  );

  test("a key is asked for in the async context of the caller, so that it may come from there", async () => {
    const storage = new AsyncLocalStorage<string>();
    const layer = keyed({ key: () => storage.getStore(), gate: () => new Semaphore(1) });
    const [inner, handle] = mockService<string, string>();
    const service = layer.wrap(inner);
    const calls = ["ann", "ann", "bob"].map((tenant) => storage.run(tenant, () => service.call("x")));
    expect((layer.get("ann") as Semaphore).waiting).toBe(1);
    expect((layer.get("bob") as Semaphore).active).toBe(1);
    for (let call = 0; call < 3; call++) (await handle.nextRequest()).respond("ok");
    expect(await Promise.all(calls)).toEqual(["ok", "ok", "ok"]);
    expect(layer.size).toBe(2);
  });
});

describe("promise 1: never more than maxKeys gates", () => {
  test("a hundred thousand strangers through a hundred places", () => {
    let alive = 0;
    const layer = keyed({
      key: (request: number) => request,
      gate: () => {
        alive++;
        return new Semaphore(1);
      },
      maxKeys: 100,
    });
    const service = new ServiceBuilder().layer(layer).serviceFn((request: number) => request);
    for (let stranger = 0; stranger < 100_000; stranger++) {
      permitOf(service, stranger).release();
      if (layer.size > 100) throw new Error(`There are ${layer.size} gates.`);
    }
    expect(alive - layer.evicted).toBe(100);
    expect(layer).toMatchObject({ size: 100, evicted: 99_900, refused: 0 });
  });

  test("also where making a gate uses a key, and so takes the place that was free", async () => {
    const layer = keyed({
      key: (request: string) => request,
      gate: (key) => {
        if (key === "a") service.tryReady("b");
        return new Semaphore(1);
      },
      maxKeys: 1,
    });
    const service: Service<string, string> = new ServiceBuilder().layer(layer).serviceFn((request: string) => request);
    expect(await refusalOf(service.call("a"))).toMatchObject({ layer: "keyed" });
    expect(layer.size).toBe(1);
    expect(layer.get("b")).toBeDefined();
  });

  test("also where making a gate uses the same key, which then has one all the same", () => {
    let made = 0;
    const layer = keyed({
      key: (request: string) => request,
      gate: (key) => {
        if (++made === 1) service.tryReady(key);
        return new Semaphore(1);
      },
    });
    const service: Service<string, string> = new ServiceBuilder().layer(layer).serviceFn((request: string) => request);
    // The other one holds the slot.
    expect(service.tryReady("a")).toBeUndefined();
    expect([made, layer.size]).toEqual([2, 1]);
  });

  test("whoever was not used for longest goes first", () => {
    const { layer, service } = perTenant(1, { maxKeys: 3 });
    for (const tenant of ["a", "b", "c", "a", "d"]) permitOf(service, `${tenant}/1`).release();
    expect(["a", "b", "c", "d"].map((tenant) => layer.get(tenant) !== undefined)).toEqual([true, false, true, true]);
  });

  test("also after a newcomer was refused, for whose place all were looked at", () => {
    const { layer, service } = perTenant(1, { maxKeys: 3 });
    const held = ["a", "b", "c"].map((tenant) => permitOf(service, `${tenant}/1`));
    expect(() => service.tryReady("d/1")).toThrow(OverloadedError);
    for (const permit of held) permit.release();
    permitOf(service, "d/1").release();
    expect(["a", "b", "c", "d"].map((tenant) => layer.get(tenant) !== undefined)).toEqual([false, true, true, true]);
  });

  test("looking at a gate is no use of it, and makes none", () => {
    const { layer, service } = perTenant(1, { maxKeys: 2 });
    for (const tenant of ["a", "b"]) permitOf(service, `${tenant}/1`).release();
    expect(layer.get("a")).toBeInstanceOf(Semaphore);
    expect(layer.get("z")).toBeUndefined();
    permitOf(service, "c/1").release();
    expect(layer.get("a")).toBeUndefined();
    expect(layer.size).toBe(2);
  });
});

describe("promise 2: forgetting is invisible", () => {
  test("but what was set on a gate lasts as long as that gate", () => {
    const { layer, service } = perTenant(1, { maxKeys: 1 });
    permitOf(service, "a/1").release();
    (layer.get("a") as Semaphore).max = 0;
    expect(service.tryReady("a/2")).toBeUndefined();
    permitOf(service, "b/1").release();
    expect(service.tryReady("a/3")).toBeDefined();
  });

  test("a key that is held or waited for is never forgotten, and its work goes on", async () => {
    const { layer, service, handle, slotsOf } = perTenant(1, { maxKeys: 2 });
    const running = service.call("ann/1");
    const waiting = service.call("ann/2");
    const call = await handle.nextRequest();
    for (let stranger = 0; stranger < 100; stranger++) permitOf(service, `stranger-${stranger}/1`).release();
    expect(layer.get("ann")).toBeDefined();
    expect(layer.size).toBe(2);
    expect(call.options.signal?.aborted ?? false).toBe(false);
    // Its limit is still one.
    expect(slotsOf("ann")).toMatchObject({ active: 1, waiting: 1 });
    call.respond("one");
    (await handle.nextRequest()).respond("two");
    expect(await Promise.all([running, waiting])).toEqual(["one", "two"]);
    for (let stranger = 0; stranger < 3; stranger++) permitOf(service, `other-${stranger}/1`).release();
    expect(layer.get("ann")).toBeUndefined();
  });

  test("fastmcp #4057: a key that still owes keeps its gate, however long it is not used", async () => {
    const gates = new Map<string, Recorded>();
    const layer = keyed({
      key: tenantOf,
      gate: (tenant) => {
        const made = new Recorded();
        gates.set(tenant, made);
        return made;
      },
      maxKeys: 2,
    });
    const service = new ServiceBuilder().layer(layer).serviceFn((request: string) => request);
    await service.call("ann/1");
    gates.get("ann")!.idle = false;
    for (let stranger = 0; stranger < 50; stranger++) await service.call(`stranger-${stranger}/1`);
    expect(layer.get("ann")).toBe(gates.get("ann"));
    gates.get("ann")!.idle = true;
    for (let stranger = 0; stranger < 3; stranger++) await service.call(`other-${stranger}/1`);
    expect(layer.get("ann")).toBeUndefined();
  });

  test("work that goes on after its answer, and a body that `until` waits for, keep the gate", async () => {
    const body = deferred();
    const layer = keyed({
      key: (request: string) => request,
      gate: () => new Semaphore(1),
      maxKeys: 1,
      until: () => body.promise,
    });
    const [inner, handle] = mockService<string, string>();
    const service = layer.wrap(inner);
    const answer = service.call("ann");
    (await handle.nextRequest()).respond("ok");
    await answer;
    expect(() => service.tryReady("bob")).toThrow(OverloadedError);
    body.resolve();
    await settle();
    expect(service.tryReady("bob")).toBeDefined();
  });
});

describe("when there is no place for a key", () => {
  test("it is refused, and does not wait: nobody knows for what", async () => {
    const { layer, service, handle } = perTenant(1, { maxKeys: 2, label: "tenants" });
    const held = [permitOf(service, "ann/1"), permitOf(service, "bob/1")];
    expect(await refusalOf(service.call("eve/1"))).toMatchObject({
      layer: "keyed",
      label: "tenants",
      reason: "capacity",
      retryAfter: undefined,
    });
    expect(() => service.tryReady("eve/1")).toThrow(OverloadedError);
    await expect(service.ready({ request: "eve/1" })).rejects.toThrow(OverloadedError);
    expect(layer).toMatchObject({ size: 2, refused: 3 });
    // Those who are there are served all the same, and one of them going makes a place.
    held[0]!.release();
    const eve = service.call("eve/1");
    (await handle.nextRequest()).respond("ok");
    expect(await eve).toBe("ok");
    expect(layer.get("ann")).toBeUndefined();
    held[1]!.release();
  });

  test("eight are looked at, and the next look is at others: an idle one is found", () => {
    const { layer, service } = perTenant(1, { maxKeys: 20 });
    const held = Array.from({ length: 19 }, (_, nth) => permitOf(service, `holder-${nth}/1`));
    permitOf(service, "idle/1").release();
    // Nineteen were used before the idle one, and are not idle.
    for (let look = 0; look < 2; look++) expect(() => service.tryReady("eve/1")).toThrow(OverloadedError);
    expect(service.tryReady("eve/1")).toBeDefined();
    expect(layer.get("idle")).toBeUndefined();
    for (const permit of held) permit.release();
  });

  test("with `share` all further keys have one gate, which is made once", async () => {
    const { layer, service, made } = perTenant(1, { maxKeys: 1, whenFull: "share" });
    const ann = permitOf(service, "ann/1");
    const eve = permitOf(service, "eve/1");
    expect(service.tryReady("sam/1")).toBeUndefined();
    expect(made).toEqual(["ann", undefined]);
    eve.release();
    const sam = permitOf(service, "sam/1");
    expect(service.tryReady("eve/1")).toBeUndefined();
    sam.release();
    ann.release();
    // There is a place again.
    permitOf(service, "eve/1").release();
    expect(made).toEqual(["ann", undefined, "eve"]);
    expect(layer).toMatchObject({ size: 1, refused: 0 });
  });

  test("with `share` a permit goes on from the shared gate to one's own, and back", async () => {
    const { service, handle } = perTenant(1, { maxKeys: 1, whenFull: "share" });
    const ann = permitOf(service, "ann/1");
    const eve = permitOf(service, "eve/1");
    // Spent on another stranger it stays where it is.
    const answer = eve.call("sam/1");
    expect(service.tryReady("eve/1")).toBeUndefined();
    (await handle.nextRequest()).respond("ok");
    expect(await answer).toBe("ok");
    const shared = permitOf(service, "eve/2");
    ann.release();
    const own = shared.call("eve/3x/not-ann");
    (await handle.nextRequest()).respond("ok");
    expect(await own).toBe("ok");
    permitOf(service, "eve/4").release();
  });

  test("with `share` a permit that is spent on its own key, or on another that shares, is not lost to who waits", async () => {
    for (const request of ["eve/2", "sam/1"]) {
      const { service, handle } = perTenant(1, { maxKeys: 1, whenFull: "share" });
      const ann = permitOf(service, "ann/1");
      const eve = permitOf(service, "eve/1");
      const waiting = service.call("zoe/1");
      await settle();
      const answer = eve.call(request);
      const job = await handle.nextRequest();
      expect(job.request).toBe(request);
      job.respond("ok");
      expect(await answer).toBe("ok");
      (await handle.nextRequest()).respond("ok");
      expect(await waiting).toBe("ok");
      ann.release();
    }
  });

  test("with `share` a permit that is spent on a request without a key gives its place back", async () => {
    const { service, handle } = perTenant(1, { maxKeys: 1, whenFull: "share" });
    const ann = permitOf(service, "ann/1");
    const free = permitOf(service, "eve/1").call("/1");
    permitOf(service, "sam/1").release();
    (await handle.nextRequest()).respond("ok");
    expect(await free).toBe("ok");
    ann.release();
  });
});

describe("with `share`, a key is never limited by two gates at once", () => {
  test("who is with the shared gate stays there until it is idle, though there is a place again", async () => {
    const { layer, service, handle } = perTenant(1, { maxKeys: 1, whenFull: "share" });
    const ann = permitOf(service, "ann/1");
    const eve = permitOf(service, "eve/1");
    const waiting = service.call("eve/2");
    ann.release();
    expect(service.tryReady("eve/3")).toBeUndefined();
    expect(layer.get("eve")).toBeUndefined();
    eve.release();
    (await handle.nextRequest()).respond("ok");
    await waiting;
    permitOf(service, "eve/4").release();
    expect(layer.get("eve")).toBeDefined();
  });
});

describe("promise 3: a permit that is spent on another key", () => {
  test("is exchanged: what it held is free, and the other key counts the call", async () => {
    const { service, handle, slotsOf } = perTenant(1);
    const answer = permitOf(service, "ann/1").call("bob/1");
    expect([slotsOf("ann")?.active, slotsOf("bob")?.active]).toEqual([0, 1]);
    expect(service.tryReady("bob/2")).toBeUndefined();
    (await handle.nextRequest()).respond("ok");
    expect(await answer).toBe("ok");
    expect(slotsOf("bob")?.active).toBe(0);
  });

  test("is tried once there, and refused where that key has no room; nothing is held then", async () => {
    const { layer, service, handle, slotsOf } = perTenant(1, { label: "tenants" });
    const bob = permitOf(service, "bob/1");
    const ann = permitOf(service, "ann/1");
    expect(await refusalOf(ann.call("bob/2"))).toMatchObject({ layer: "keyed", label: "tenants", reason: "capacity" });
    handle.expectNoRequest();
    expect([slotsOf("ann")?.active, slotsOf("bob")?.active, handle.reserved]).toEqual([0, 1, 1]);
    bob.release();
    expect(layer.refused).toBe(0);
  });

  test("of the same key is as good as reserved for it", async () => {
    const { service, handle, slotsOf } = perTenant(1);
    const answer = permitOf(service, "ann/1").call("ann/2");
    expect(slotsOf("ann")?.active).toBe(1);
    const { request, respond } = await handle.nextRequest();
    expect(request).toBe("ann/2");
    respond("ok");
    await answer;
    expect(slotsOf("ann")?.active).toBe(0);
  });

  test("on one without a key it gives its place back, and from one without a key it takes one", async () => {
    const { service, handle, slotsOf } = perTenant(1);
    const free = permitOf(service, "ann/1").call("/1");
    expect(slotsOf("ann")?.active).toBe(0);
    const bound = permitOf(service, "/2").call("ann/2");
    expect(slotsOf("ann")?.active).toBe(1);
    for (let call = 0; call < 2; call++) (await handle.nextRequest()).respond("ok");
    await Promise.all([free, bound]);
    expect(slotsOf("ann")?.active).toBe(0);
  });

  test("where there is one place for all keys, the place itself is exchanged", async () => {
    const { layer, service, handle } = perTenant(1, { maxKeys: 1 });
    const answer = permitOf(service, "ann/1").call("bob/1");
    (await handle.nextRequest()).respond("ok");
    expect(await answer).toBe("ok");
    expect(layer.get("ann")).toBeUndefined();
    expect(layer.get("bob")).toBeDefined();
  });

  test("for a key that there is no place for is refused, and nothing is held", async () => {
    const { layer, service, handle, slotsOf } = perTenant(2, { maxKeys: 1 });
    const other = permitOf(service, "ann/1");
    expect(await refusalOf(permitOf(service, "ann/2").call("bob/1"))).toMatchObject({ layer: "keyed" });
    expect(slotsOf("ann")?.active).toBe(1);
    expect(layer.refused).toBe(1);
    other.release();
    expect(handle.reserved).toBe(0);
  });

  test("where the other gate throws, or what it holds does, nothing is held", async () => {
    const boom = new Error("boom");
    const ann = new Recorded();
    const bob: Gate<string> & { log: string[] } = Object.assign(new Recorded(), {
      admitted: () => {
        throw boom;
      },
    });
    const layer = keyed({ key: tenantOf, gate: (tenant) => (tenant === "ann" ? ann : bob) });
    const service = new ServiceBuilder().layer(layer).serviceFn((request: string) => request);
    await expect(permitOf(service, "ann/1").call("bob/1")).rejects.toBe(boom);
    expect(ann.log).toEqual(["acquire ann/1", "cancel"]);
    expect(bob.log).toEqual(["acquire bob/1", "cancel"]);
    ann.refuses = "ann/3";
    await expect(permitOf(service, "ann/2").call("ann/3")).rejects.toThrow("refused by the gate");
    expect(ann.log.slice(2)).toEqual(["acquire ann/2", "start ann/3", "cancel"]);
  });
});

describe("promise 3: a blind permit", () => {
  test("holds nothing, and tries when it is spent", async () => {
    const { layer, service, handle, slotsOf } = perTenant(1);
    const permit = permitOf(service);
    expect(layer.size).toBe(0);
    const answer = permit.call("ann/1");
    expect(slotsOf("ann")?.active).toBe(1);
    (await handle.nextRequest()).respond("ok");
    expect(await answer).toBe("ok");
    expect(slotsOf("ann")?.active).toBe(0);
    permitOf(service).release();
  });

  test("so is one of a request that is undefined: its call is refused, and does not wait", async () => {
    const slots = new Semaphore(1);
    const service = new ServiceBuilder()
      .layer(keyed({ key: (_request: string | undefined) => "all", gate: () => slots }))
      .serviceFn(async () => "ok");
    const held = service.tryReady("a")!;
    expect(await refusalOf(service.call(undefined))).toMatchObject({ layer: "keyed" });
    expect(slots.waiting).toBe(0);
    held.release();
    expect(await service.call(undefined)).toBe("ok");
  });

  test("is refused where the key has no room, and where there is none for it", async () => {
    const { service, handle } = perTenant(1, { maxKeys: 1 });
    const blind = [permitOf(service), await service.ready()];
    const ann = permitOf(service, "ann/1");
    expect(await refusalOf(blind[0]!.call("ann/2"))).toMatchObject({ layer: "keyed" });
    expect(await refusalOf(blind[1]!.call("bob/1"))).toMatchObject({ layer: "keyed" });
    handle.expectNoRequest();
    ann.release();
    expect(handle.reserved).toBe(0);
  });

  test("is limited, too, where requests are undefined and the key comes from elsewhere", async () => {
    const layer = keyed({ key: () => "all", gate: () => new Semaphore(1) });
    const [inner, handle] = mockService<undefined, string>();
    const service = layer.wrap(inner);
    const first = service.call(undefined);
    expect(await refusalOf(service.call(undefined))).toMatchObject({ layer: "keyed" });
    (await handle.nextRequest()).respond("ok");
    expect(await first).toBe("ok");
  });
});

describe("promise 4: one key's line holds up no other", () => {
  test("and each line is served in order", async () => {
    const { service, handle } = perTenant(1);
    const calls = ["ann/1", "ann/2", "ann/3", "bob/1"].map((request) => service.call(request));
    const order: string[] = [];
    for (let call = 0; call < 4; call++) {
      const { request, respond } = await handle.nextRequest();
      order.push(request);
      // Ann's first call takes longest.
      if (request === "ann/1") void settle().then(() => respond("ok"));
      else respond("ok");
    }
    await Promise.all(calls);
    expect(order).toEqual(["ann/1", "bob/1", "ann/2", "ann/3"]);
  });
});

describe("promise 5: refusals say what the gate of that key says", () => {
  test("why, also where the gate of the key asks a function that uses the layer itself", () => {
    const busy: Gate<string> = {
      idle: false,
      reason: "rate",
      retryAfter: () => 5,
      tryAcquire() {
        service.tryReady()?.release();
        return undefined;
      },
      acquire: () => new Promise(() => {}),
    };
    const service: Service<string, string> = new ServiceBuilder()
      .layer(keyed({ key: (request: string) => request, gate: () => busy }))
      .serviceFn((request: string) => request);
    expect(service.tryReady("ann")).toBeUndefined();
    expect(takeRefusal()).toMatchObject({ reason: "rate", retryAfter: 5 });
  });

  test("why, and for how long", async () => {
    const limits: Readonly<Record<string, Partial<Gate<string>>>> = {
      ann: { reason: "rate", retryAfter: () => 250 },
      bob: {},
    };
    const layer = keyed({
      key: tenantOf,
      gate: (tenant): Gate<string> => ({
        ...limits[tenant],
        idle: true,
        tryAcquire: (): undefined => {},
        acquire: () => new Promise(() => {}),
      }),
      label: "tenants",
    });
    const service = new ServiceBuilder().layer(layer).serviceFn((request: string) => request);
    for (const [tenant, refusal] of [
      ["ann", { layer: "keyed", label: "tenants", reason: "rate", retryAfter: 250 }],
      ["bob", { layer: "keyed", label: "tenants", reason: "capacity", retryAfter: undefined }],
    ] as const) {
      expect(service.tryReady(`${tenant}/1`)).toBeUndefined();
      expect(takeRefusal()).toEqual(refusal);
      expect(await refusalOf(permitOf(service).call(`${tenant}/1`))).toMatchObject(refusal);
    }
  });
});

describe("promise 6: what `key` and `gate` throw is a failure of readiness, and nothing is kept", () => {
  const boom = new Error("boom");

  test.each<readonly [string, Parameters<typeof keyed<string, string>>[0], unknown]>([
    [
      "key throws",
      {
        key: () => {
          throw boom;
        },
        gate: () => new Semaphore(1),
      },
      boom,
    ],
    [
      "key answers with a promise",
      { key: (() => Promise.resolve("a")) as never, gate: () => new Semaphore(1) },
      /what key returns must be a key, and not a promise of one; received an object/,
    ],
    [
      "gate throws",
      {
        key: (request) => request,
        gate: () => {
          throw boom;
        },
      },
      boom,
    ],
    [
      "gate answers with no gate",
      { key: (request) => request, gate: (() => 5) as never },
      /what gate returns must be a gate \(with tryAcquire, acquire\); received 5/,
    ],
    [
      "gate answers with a promise",
      { key: (request) => request, gate: (() => Promise.resolve(new Semaphore(1))) as never },
      /what gate returns must be a gate \(with tryAcquire, acquire\); received an object/,
    ],
    [
      "a gate does not say when it may be forgotten",
      {
        key: (request) => request,
        gate: () => ({ tryAcquire: (): undefined => {}, acquire: () => new Promise(() => {}) }),
      },
      /what gate returns must say when it may be forgotten, by a boolean idle; received undefined/,
    ],
    [
      "a gate has an odd member",
      { key: (request) => request, gate: () => Object.assign(new Recorded(), { retryAfter: 5 as never }) },
      /^TypeError: keyed: what gate returns.retryAfter must be a function; received 5/,
    ],
    [
      "a gate has another odd member",
      { key: (request) => request, gate: () => Object.assign(new Recorded(), { admitted: 5 as never }) },
      /what gate returns.admitted must be a function; received 5/,
    ],
    [
      "a gate holds in an odd way",
      { key: (request) => request, gate: () => new Recorded("forever" as never) },
      /what gate returns.holds must be one of "work", "answer", "start"; received "forever"/,
    ],
    [
      "a gate cannot be read",
      {
        key: (request) => request,
        gate: () =>
          Object.defineProperty(new Recorded(), "idle", {
            get() {
              throw boom;
            },
          }),
      },
      /what gate returns.idle could not be read/,
    ],
  ])("%s", async (_what, options, error) => {
    const layer = keyed<string, string>(options);
    const [inner, handle] = mockService<string, string>();
    const service = layer.wrap(inner);
    const asked = [
      async () => service.tryReady("a"),
      () => service.ready({ request: "a" }),
      () => service.call("a"),
      // A blind permit is good until it is spent.
      () => permitOf(service).call("a"),
    ];
    for (const ask of asked) {
      const found: unknown = await ask().catch((reason: unknown) => reason);
      expect(error instanceof RegExp ? error.test(String(found)) : found === error).toBe(true);
    }
    expect([layer.size, layer.evicted, handle.reserved]).toEqual([0, 0, 0]);
  });

  test("a key that cannot be read is one all the same", () => {
    // oxlint-disable-next-line unicorn/no-thenable -- one that cannot be read
    const odd = Object.defineProperty({}, "then", {
      get() {
        throw boom;
      },
    });
    const layer = keyed({ key: () => odd, gate: () => new Semaphore(1) });
    permitOf(
      new ServiceBuilder().layer(layer).serviceFn((request: string) => request),
      "a",
    ).release();
    expect(layer.size).toBe(1);
  });

  test("a key that changes while its caller waits is a failure of the one who asked, and costs nothing", async () => {
    let fails = false;
    const layer = keyed({
      key: (request: string) => {
        if (fails) throw boom;
        return request;
      },
      gate: () => new Semaphore(1),
    });
    const service = new ServiceBuilder().layer(layer).serviceFn((request: string) => request);
    const held = permitOf(service, "a");
    const outcome = service.call("a").catch((reason: unknown) => reason);
    fails = true;
    held.release();
    expect(await outcome).toBe(boom);
    fails = false;
    permitOf(service, "a").release();
  });
});

describe("promise 7: line, abort and leak are those of the key's gate", () => {
  test("an aborted waiter leaves its line at once", async () => {
    const { service, slotsOf } = perTenant(1);
    const held = permitOf(service, "ann/1");
    const controller = new AbortController();
    const waiting = service.ready({ request: "ann/2", signal: controller.signal });
    expect(slotsOf("ann")?.waiting).toBe(1);
    const reason = new Error("enough");
    controller.abort(reason);
    expect(slotsOf("ann")?.waiting).toBe(0);
    await expect(waiting).rejects.toBe(reason);
    held.release();
    expect(slotsOf("ann")?.idle).toBe(true);
  });

  test("in the microtask after a grant no newcomer of that key is served", async () => {
    const { service, handle, slotsOf } = perTenant(2);
    const calls = ["ann/1", "ann/2", "ann/3"].map((request) => service.call(request));
    const first = await handle.nextRequest();
    const second = await handle.nextRequest();
    first.respond("ok");
    second.respond("ok");
    for (let hop = 0; hop < 20 && slotsOf("ann")?.waiting === 1; hop++) await Promise.resolve();
    expect(service.tryReady("ann/4")).toBeUndefined();
    await settle();
    expect(service.tryReady("ann/4")).toBeDefined();
    (await handle.nextRequest()).respond("ok");
    await Promise.all(calls);
  });

  test("when the service inside has no room, the key's place is given back", () => {
    const { service, handle, slotsOf } = perTenant(1);
    handle.allow(0);
    expect(service.tryReady("ann/1")).toBeUndefined();
    expect(slotsOf("ann")?.active).toBe(0);
  });

  test.each([
    ["work", ["acquire a/1", "start a/1", "answered", "finish"], ["acquire a/1", "start a/1", "answered"]],
    ["answer", ["acquire a/1", "start a/1", "answered", "finish"], ["acquire a/1", "start a/1", "answered", "finish"]],
    ["start", ["acquire a/1", "start a/1"], ["acquire a/1", "start a/1"]],
  ] as const)("a gate that holds until the %s is told as it would be without keys", async (holds, all, atAnswer) => {
    const policy = new Recorded(holds);
    const alone = new Recorded(holds);
    const layers = [
      [keyed({ key: tenantOf, gate: () => policy }), policy],
      [gate(alone, { name: "alone" }), alone],
    ] as const;
    for (const [layer, { log }] of layers) {
      const [inner, handle] = mockService<string, string>();
      const answer = new ServiceBuilder().layer(layer).service(inner).call("a/1");
      const work = deferred();
      const { options, respond } = await handle.nextRequest();
      options.waitUntil?.(work.promise);
      respond("ok");
      await answer;
      expect(log).toEqual(atAnswer);
      work.resolve();
      await settle();
      expect(log).toEqual(all);
    }
  });

  test("a lease that says how long it is held is asked before its gate is", async () => {
    const log: string[] = [];
    const policy: Gate<string> = {
      idle: true,
      tryAcquire: () => ({ holds: "answer", cancel() {}, finish: () => log.push("finish") }),
      acquire: () => new Promise(() => {}),
    };
    const layer = keyed({ key: tenantOf, gate: () => policy });
    const [inner, handle] = mockService<string, string>();
    const answer = layer.wrap(inner).call("a/1");
    const { options, respond } = await handle.nextRequest();
    options.waitUntil?.(new Promise(() => {}));
    respond("ok");
    await answer;
    expect(log).toEqual(["finish"]);
  });

  test("what `answered` of a gate throws is reported, and its lease is finished all the same", async () => {
    const finished: string[] = [];
    const policy: Gate<string> = {
      idle: true,
      holds: "answer",
      tryAcquire: () => ({
        cancel() {},
        answered() {
          throw new Error("boom");
        },
        finish: () => finished.push("finished"),
      }),
      acquire: () => new Promise(() => {}),
    };
    const layer = keyed({ key: tenantOf, gate: () => policy });
    const service = new ServiceBuilder().layer(layer).serviceFn((request: string) => request);
    const reported = await unhandledIn(async () => {
      expect(await service.call("a/1")).toBe("a/1");
    });
    expect(reported).toHaveLength(1);
    expect(finished).toEqual(["finished"]);
  });

  test("a gate made of a gate is asked what is held in the place of its leases", async () => {
    const slots = new Semaphore(1);
    const told: string[] = [];
    const measured: Gate<string> = {
      get idle() {
        return slots.idle;
      },
      tryAcquire: (request) => slots.tryAcquire(request),
      acquire: (options) => slots.acquire(options),
      admitted: (lease, request) => ({
        cancel: () => lease.cancel(),
        finish: (outcome) => {
          told.push(String(request));
          lease.finish(outcome);
        },
      }),
    };
    const layer = keyed({ key: tenantOf, gate: () => measured });
    const [inner, handle] = mockService<string, string>();
    const service = layer.wrap(inner);
    const calls = ["a/1", "a/2"].map((request) => service.call(request));
    for (let call = 0; call < 2; call++) (await handle.nextRequest()).respond("ok");
    await Promise.all(calls);
    // The second one waited in line.
    expect(told).toEqual(["a/1", "a/2"]);
    expect(slots.active).toBe(0);
    // It is asked as well where a permit is exchanged.
    const blind = permitOf(service).call("a/3");
    (await handle.nextRequest()).respond("ok");
    await blind;
    expect(told).toEqual(["a/1", "a/2", "a/3"]);
    expect(slots.active).toBe(0);
  });
});

describe("what it says of itself", () => {
  test("its counters are on the layer, and in its JSON", () => {
    const { layer, service } = perTenant(1, { maxKeys: 1, label: "tenants" });
    for (const tenant of ["a", "b"]) permitOf(service, `${tenant}/1`).release();
    expect(JSON.parse(JSON.stringify(layer))).toEqual({
      name: "keyed",
      label: "tenants",
      maxKeys: 1,
      size: 1,
      evicted: 1,
      refused: 0,
    });
    expect(layer.about).toMatchObject({
      label: "tenants",
      traits: ["limits"],
      facts: { maxKeys: 1, whenFull: "refuse" },
    });
  });

  test("that keys may share a gate is among what it says it was made with", () => {
    expect(perTenant(1, { whenFull: "share" }).layer.about?.facts).toEqual({ maxKeys: 10_000, whenFull: "share" });
  });

  test("options that are none are refused in the name of who was called", () => {
    const options = { key: tenantOf, gate: () => new Semaphore(1) };
    expect(() => keyed({ ...options, until: 5 as never })).toThrow(/^keyed: until must be a function; received 5$/);
    expect(() => keyed({ ...options, maxKeys: 0 })).toThrow(/^keyed: maxKeys must be a whole number of 1 or more/);
    expect(() => keyed({ ...options, key: 5 as never })).toThrow(/^keyed: key must be a function; received 5$/);
    expect(() => keyed({ ...options, gate: 5 as never })).toThrow(/^keyed: gate must be a function; received 5$/);
    expect(() => new Keyed({ ...options, maxKeys: 0 })).toThrow(/^Keyed: maxKeys must be a whole number of 1 or more/);
  });

  test("before it has refused anybody it has no reason, and knows no time", () => {
    const policy = new Keyed({ key: tenantOf, gate: () => new Semaphore(1) });
    expect([policy.reason, policy.retryAfter("ann/1")]).toEqual([undefined, undefined]);
  });

  test("one value holds its gates: the same twice in a stack is refused", () => {
    const { layer } = perTenant(1);
    expect(() =>
      new ServiceBuilder()
        .layer(layer)
        .layer(layer)
        .serviceFn((request: string) => request),
    ).toThrow(TypeError);
  });

  test("the gate alone has the same, for a layer of another name", async () => {
    const policy = new Keyed({ key: tenantOf, gate: () => new Semaphore(1), label: "tenants" });
    const service = new ServiceBuilder()
      .layer(gate(policy, { name: "perTenant" }))
      .serviceFn((request: string) => request);
    const held = permitOf(service, "ann/1");
    expect(service.tryReady("ann/2")).toBeUndefined();
    expect(takeRefusal()).toMatchObject({ layer: "perTenant" });
    held.release();
    expect(JSON.parse(JSON.stringify(policy))).toEqual({ label: "tenants", size: 1, evicted: 0, refused: 0 });
    expect(policy.get("ann")).toBeInstanceOf(Semaphore);
    expect(policy.maxKeys).toBe(10_000);
    // What no layer asks of it.
    const broken = new Keyed<string, string>({
      key: () => {
        throw new Error("boom");
      },
      gate: () => new Semaphore(1),
    });
    await expect(broken.acquire({ request: "a" })).rejects.toThrow("boom");
    // Nobody's key is asked for where there is no request.
    policy.admitted(await policy.acquire()).cancel();
    const lease = policy.admitted(await policy.acquire({ request: "bob/1" }), "bob/1");
    lease.cancel();
    expect((policy.get("bob") as Semaphore).active).toBe(0);
  });
});
