import { buffer } from "@sluice/buffer";
import { type AnyLayer, type Gate, gate, type Permit, Semaphore, Service, serviceFn } from "@sluice/core";
import { abortReason, listen, unlisten } from "@sluice/core/kit";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { exponentialBackoff, retry, retryPolicy } from "@sluice/retry";
import { stateOf } from "@sluice/test-kit";
import { VirtualClock } from "@sluice/testing";
import { timeout } from "@sluice/timeout";
import { filter, recover } from "@sluice/util";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { OtherController, ReasonlessController } from "./helper/other-signal.ts";
import { stacked } from "./helper/stacked.ts";
import { Workshop } from "./helper/workshop.ts";

/*
 * Simulated browsers (jsdom, happy-dom) and polyfills have their own signals. They lacked `throwIfAborted`, and earlier `reason`, and
 * replace the platform's AbortController.
 */
afterEach(() => {
  vi.unstubAllGlobals();
});

const backoff = exponentialBackoff({ base: 100, max: 100, jitter: "none" });
/** A user's policy, without a line of ours. */
const anothersGate = (semaphore: Semaphore): Gate<unknown> => ({
  tryAcquire: () => semaphore.tryAcquire(),
  acquire: async () => semaphore.acquire(),
});
/** A user's service. */
class Another extends Service<string, string> {
  readonly #inner: Service<string, string>;
  constructor(inner: Service<string, string>) {
    super();
    this.#inner = inner;
  }
  override tryReady(request?: string): Permit<string, string> | undefined {
    return this.#inner.tryReady(request);
  }
  override async ready(): Promise<Permit<string, string>> {
    return this.#inner.ready();
  }
}

const waits: Record<string, (clock: VirtualClock, inner: Service<string, string>) => Service<string, string>> = {
  "for a slot": (_clock, inner) => stacked([concurrencyLimit(1)], inner),
  "for a rate": (clock, inner) => stacked([rateLimit({ limit: 1, interval: 1_000, clock })], inner),
  "for a gate of somebody's": (_clock, inner) =>
    stacked([gate(anothersGate(new Semaphore(1)), { name: "own" })], inner),
  "for a service of somebody's": (_clock, inner) =>
    stacked([filter(() => true)], new Another(stacked([concurrencyLimit(1)], inner))),
  "under a timeout": (clock, inner) => stacked([timeout({ total: 9_000, clock }), concurrencyLimit(1)], inner),
  "in a buffer": (_clock, inner) => stacked([buffer({ capacity: 5 }), concurrencyLimit(1)], inner),
  "under a retry, a mapping and a recovery": (clock, inner) =>
    stacked(
      [
        retry(retryPolicy({ maxRetries: 3, backoff }), { clock }),
        recover(Error, () => "recovered"),
        concurrencyLimit(1),
      ],
      inner,
    ),
};

const makes: readonly (readonly [string, typeof OtherController])[] = [
  ["without throwIfAborted", OtherController],
  ["without a reason", ReasonlessController],
];

describe.each(makes)("a signal of another make, %s", (_make, Controller) => {
  beforeEach(() => {
    vi.stubGlobal("AbortController", Controller);
  });
  const reason = { name: "AbortError", message: "the caller left" };
  const told = Controller === OtherController ? reason : { name: "AbortError", message: "This operation was aborted." };

  test.each(Object.entries(waits))("that aborts whoever waits %s takes the caller out of line", async (_name, make) => {
    const clock = new VirtualClock();
    const workshop = new Workshop();
    const service = make(clock, workshop.service);
    const first = service.call("first");
    const controller = new Controller();
    const gone = service.call("gone", { signal: controller.signal });
    const next = service.call("next");
    expect(await stateOf(gone)).toBe("pending");
    controller.abort(reason);
    await expect(gone).rejects.toMatchObject(told);
    workshop.running[0]!.finish();
    await clock.advance(1_000);
    workshop.running[0]!.finish();
    expect(await Promise.all([first, next])).toEqual(["FIRST", "NEXT"]);
    expect([workshop.begun, controller.signal.listening, clock.pending]).toEqual([["first", "next"], 0, 0]);
  });

  test.each(Object.entries(waits))("that is aborted already is refused at once %s", async (_name, make) => {
    const workshop = new Workshop();
    const service = make(new VirtualClock(), workshop.service);
    const controller = new Controller();
    controller.abort(reason);
    const { signal } = controller;
    await expect(service.call("gone", { signal })).rejects.toMatchObject(told);
    await expect(service.ready({ request: "gone", signal })).rejects.toMatchObject(told);
    await expect(service.tryReady("gone")?.call("gone", { signal })).rejects.toMatchObject(told);
    expect(workshop.begun).toEqual([]);
  });

  test("ends a backoff", async () => {
    const clock = new VirtualClock();
    const failing: AnyLayer = retry(retryPolicy({ maxRetries: 3, backoff }), { clock });
    const workshop = new Workshop();
    const controller = new Controller();
    const call = stacked([failing], workshop.service).call("a", { signal: controller.signal });
    workshop.running[0]!.fail(new Error("no"));
    await clock.advance(50);
    controller.abort(reason);
    await expect(call).rejects.toMatchObject(told);
    expect([clock.pending, controller.signal.listening]).toEqual([0, 0]);
  });

  test("reaches the work under a timeout, and is not a failure to recover from", async () => {
    const clock = new VirtualClock();
    const seen: unknown[] = [];
    const service = stacked(
      [recover(Error, () => "recovered"), timeout({ call: 1_000, clock })],
      serviceFn(
        (_request: string, { signal }) =>
          new Promise<string>((_resolve, reject) => {
            const listener = { aborted: (why: unknown) => (seen.push(why), reject(why)) };
            listen(signal!, listener);
            unlisten(signal!, { aborted() {} });
          }),
      ),
    );
    const controller = new Controller();
    const call = service.call("a", { signal: controller.signal });
    controller.abort(reason);
    await expect(call).rejects.toMatchObject(told);
    expect(seen).toMatchObject([told]);
  });

  test("tells the work of a timeout", async () => {
    const clock = new VirtualClock();
    let inside: AbortSignal | undefined;
    const service = stacked(
      [timeout({ call: 100, clock })],
      serviceFn((_request: string, { signal }) => {
        inside = signal;
        return new Promise<string>(() => {});
      }),
    );
    const call = service.call("a");
    const settled = Promise.allSettled([call]);
    await clock.advance(100);
    expect(await settled).toMatchObject([{ reason: { code: "ERR_SLUICE_TIMEOUT" } }]);
    expect(inside?.aborted && abortReason(inside)).toMatchObject({ code: "ERR_SLUICE_TIMEOUT" });
  });
});
