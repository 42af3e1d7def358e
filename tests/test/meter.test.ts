import { buffer } from "@sluice/buffer";
import { isOverloadedError, ServiceBuilder } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import { type Meter, meter } from "@sluice/meter";
import { retry, retryPolicy } from "@sluice/retry";
import { VirtualClock } from "@sluice/testing";
import { turn } from "@sluice/test-kit";
import { isTimeoutError, timeout } from "@sluice/timeout";
import { boxed, type BoxService, routingTable } from "@sluice/util-box";
import { describe, expect, test } from "vitest";
import { Workshop } from "./helper/workshop.ts";

const rest = { waiting: 0, reserved: 0, active: 0, abandoned: 0 };

describe("a meter among the layers of other packages", () => {
  test("says who refused, and the refusal says the same with meters and without (promise 4)", async () => {
    const refused = async (meters: readonly Meter[]): Promise<object> => {
      const service = new ServiceBuilder()
        .layer(loadShed())
        .layer(meters[0])
        .layer(meters[1])
        .layer(concurrencyLimit(0, { label: "db" }))
        .serviceFn(String);
      const error: unknown = await service.call(1).catch((reason: unknown) => reason);
      expect(isOverloadedError(error)).toBe(true);
      const { layer, label, reason, retryAfter } = error as Record<string, unknown>;
      return { layer, label, reason, retryAfter };
    };
    const meters = [meter("a"), meter("b")];
    expect(await refused(meters)).toEqual(await refused([]));
    for (const each of meters) {
      expect(each.snapshot()).toMatchObject({ ...rest, refused: 1, refusedBy: { concurrencyLimit: 1 } });
    }
  });

  test("inside a loadShed that waits, who waits was not refused; who is shed afterwards was not granted", async () => {
    const clock = new VirtualClock();
    const seen = meter("inside", { clock });
    const limit = concurrencyLimit(0, { clock });
    const service = new ServiceBuilder()
      .layer(loadShed({ wait: 50, clock }))
      .layer(seen)
      .layer(limit)
      .serviceFn(String);
    const shed = service.call(1).catch(() => "shed");
    expect(seen.snapshot()).toMatchObject({ waiting: 1, refused: 0, refusedBy: {} });
    await clock.advance(50);
    expect(await shed).toBe("shed");
    expect(seen.snapshot()).toMatchObject({ ...rest, granted: 0, refused: 0 });
    const served = service.call(2);
    limit.max = 1;
    expect(await served).toBe("2");
    expect(seen.snapshot()).toMatchObject({ ...rest, granted: 1, refused: 0, calls: { ok: 1 } });
  });

  test("inside a buffer, who waits there is one who waits for the limit; outside, it has been let in", async () => {
    const workshop = new Workshop();
    const [outer, inner] = [meter("outer"), meter("inner")];
    const service = new ServiceBuilder()
      .layer(outer)
      .layer(buffer({ capacity: 2 }))
      .layer(inner)
      .layer(concurrencyLimit(1))
      .service(workshop.service);
    const calls = ["a", "b", "c", "d"].map((name) => service.call(name));
    await turn();
    // One call runs; two are in the buffer, of which the first asks inside; one waits for a slot of the buffer.
    expect(outer).toMatchObject({ active: 3, waiting: 1, refused: 0 });
    expect(inner).toMatchObject({ active: 1, waiting: 1, refused: 0 });
    for (const name of ["a", "b", "c", "d"]) {
      workshop.of(name).finish();
      await turn();
    }
    await Promise.all(calls);
    for (const each of [outer, inner]) {
      expect(each.snapshot()).toMatchObject({ ...rest, granted: 4, refused: 0, calls: { ok: 4 } });
    }
  });

  test("inside retry each attempt is a call, and one that waits is not refused", async () => {
    const workshop = new Workshop();
    const [outer, inner] = [meter("requests"), meter("attempts")];
    const limit = concurrencyLimit(1);
    const service = new ServiceBuilder()
      .layer(outer)
      .layer(retry(retryPolicy({ maxRetries: 1, backoff: { next: () => ({ delay: 0, state: undefined }) } })))
      .layer(inner)
      .layer(limit)
      .service(workshop.service);
    const [one, two] = [service.call("a"), service.call("b")];
    workshop.of("a").fail(Object.assign(new Error("down"), { code: "E503" }));
    await turn();
    workshop.of("b").finish();
    await turn();
    workshop.of("a").finish();
    expect(await Promise.all([one, two])).toEqual(["A", "B"]);
    expect(outer.snapshot()).toMatchObject({ ...rest, granted: 2, calls: { ok: 2, failed: {} } });
    expect(inner.snapshot()).toMatchObject({ ...rest, granted: 3, refused: 0, calls: { ok: 2, failed: { E503: 1 } } });
  });

  test("each attempt that is shed was refused, whatever timer it came from (promise 3)", async () => {
    const clock = new VirtualClock();
    const seen = meter("attempts", { clock });
    const backoff = { next: () => ({ delay: 10, state: undefined }) };
    const service = new ServiceBuilder()
      .layer(retry(retryPolicy({ maxRetries: 2, backoff, retryAfter: () => undefined }), { clock }))
      .layer(loadShed({ clock }))
      .layer(seen)
      .layer(concurrencyLimit(0, { clock }))
      .serviceFn(String);
    const calls = [service.call(1), service.call(2)].map((call) => call.catch(() => "refused"));
    await clock.advanceAsync(30);
    expect(await Promise.all(calls)).toEqual(["refused", "refused"]);
    expect(seen.snapshot()).toMatchObject({ ...rest, refused: 6, refusedBy: { concurrencyLimit: 6 } });
  });

  test("what a timeout has given up on is abandoned outside of it, for as long as the limit holds its slot (promise 9)", async () => {
    const clock = new VirtualClock();
    const workshop = new Workshop();
    const [outer, inner] = [meter("outer", { clock }), meter("inner", { clock })];
    const limit = concurrencyLimit(1, { clock });
    const service = new ServiceBuilder()
      .layer(outer)
      .layer(limit)
      .layer(timeout({ call: 10, clock }))
      .layer(inner)
      .service(workshop.service);
    const call = service.call("a").catch((error: unknown) => error);
    await clock.advance(10);
    expect(isTimeoutError(await call)).toBe(true);
    expect([outer.abandoned, limit.active, inner.active]).toEqual([1, 1, 1]);
    expect(outer.snapshot().calls.failed).toEqual({ ERR_SLUICE_TIMEOUT: 1 });
    workshop.of("a").finish();
    await turn();
    expect([outer.abandoned, limit.active, inner.active]).toEqual([0, 0, 0]);
  });

  test("one in front of each route tells the routes apart", async () => {
    const workshop = new Workshop();
    const seen = {
      a: meter("route", { attributes: { route: "a" } }),
      b: meter("route", { attributes: { route: "b" } }),
    };
    const routes = new Map<string, BoxService<string, string>>(
      Object.entries(seen).map(([name, each]) => [
        name,
        boxed(new ServiceBuilder().layer(each).layer(concurrencyLimit(1)).service(workshop.service)),
      ]),
    );
    const table = routingTable({ key: (request: string) => request, routes });
    const [one, two, other] = [table.call("a"), table.call("a"), table.call("b")];
    expect(seen.a).toMatchObject({ active: 1, waiting: 1, refused: 0 });
    expect(seen.b).toMatchObject({ active: 1, waiting: 0, refused: 0 });
    // A blind reservation needs a permit of each route: the first has none, and the second is not asked.
    expect(table.tryReady()).toBeUndefined();
    expect([seen.a.refused, seen.b.refused]).toEqual([1, 0]);
    workshop.running[0]!.finish();
    await turn();
    while (workshop.running.length > 0) workshop.running[0]!.finish();
    await Promise.all([one, two, other]);
    for (const each of Object.values(seen)) expect(each).toMatchObject(rest);
  });
});
