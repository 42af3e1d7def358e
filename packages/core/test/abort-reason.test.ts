import { afterEach, describe, expect, test, vi } from "vitest";
import { serviceFn } from "../src/index.ts";
import { abortReason, abortWith, isOwnAbort, listen, ownController, throwIfAborted } from "../src/kit.ts";

/** The controller of an old polyfill (React Native's): its signals are aborted, and do not say why. */
class ReasonlessController {
  readonly signal = Object.assign(new EventTarget(), { aborted: false }) as EventTarget & AbortSignal;

  abort(): void {
    Object.assign(this.signal, { aborted: true });
    this.signal.dispatchEvent(new Event("abort"));
  }
}

afterEach(() => {
  vi.unstubAllGlobals();
});

test.each(["a reason", new Error("why"), null, 0])("the reason of an abort is the signal's own: %o", (reason) => {
  const signal = AbortSignal.abort(reason);
  expect(abortReason(signal)).toBe(reason);
  expect(isOwnAbort(signal, reason)).toBe(true);
  expect(isOwnAbort(signal, new Error("another"))).toBe(false);
});

test("throwIfAborted throws the reason, and without an abort or a signal it does nothing", () => {
  const reason = new Error("why");
  expect(() => throwIfAborted(AbortSignal.abort(reason))).toThrow(reason);
  expect(() => throwIfAborted(new AbortController().signal)).not.toThrow();
  expect(() => throwIfAborted(undefined)).not.toThrow();
});

describe("where signals do not say why they were aborted", () => {
  test("it is an AbortError, the same one for all who ask", async () => {
    const controller = new ReasonlessController();
    controller.abort();
    const { signal } = controller;
    const reason = abortReason(signal);
    expect(reason).toBeInstanceOf(Error);
    expect(reason).toMatchObject({ name: "AbortError", message: "This operation was aborted." });
    expect(abortReason(signal)).toBe(reason);
    expect(() => throwIfAborted(signal)).toThrow(reason);
    await expect(serviceFn(() => 1).call("a", { signal })).rejects.toBe(reason);
    expect(isOwnAbort(signal, reason)).toBe(true);
  });

  test("another signal's abort is another one", () => {
    const [one, two] = [new ReasonlessController(), new ReasonlessController()];
    one.abort();
    two.abort();
    expect(abortReason(one.signal)).not.toBe(abortReason(two.signal));
  });

  test("it is what a layer said when it aborted its own, also for those whom the abort tells", () => {
    vi.stubGlobal("AbortController", ReasonlessController);
    const controller = ownController();
    const heard: unknown[] = [];
    listen(controller.signal, { aborted: (reason) => heard.push(reason) });
    abortWith(controller, "timed out");
    abortWith(controller, "too late");
    expect([heard, abortReason(controller.signal)]).toEqual([["timed out"], "timed out"]);
  });

  test("a layer that gave no reason aborts with an AbortError, as elsewhere", () => {
    vi.stubGlobal("AbortController", ReasonlessController);
    const controller = ownController();
    abortWith(controller, undefined);
    expect(abortReason(controller.signal)).toMatchObject({ name: "AbortError" });
  });
});
