import { runInNewContext } from "node:vm";
import { isOverloadedError, OverloadedError, PermitSpentError, ServiceBuilder } from "@sluice/core";
import { mockService } from "@sluice/testing";
import { describe, expect, test, vi } from "vitest";
import { type FailureClass, type FailureGuard, FilteredError, recover } from "../src/index.ts";
import { turn } from "@sluice/test-kit";

class GoneError extends Error {
  readonly code = "GONE";
}
const around = (failure: FailureClass<unknown> | FailureGuard<unknown>, answer: (error: unknown) => unknown) => {
  const [inner, handle] = mockService<string, string>();
  return { service: new ServiceBuilder().layer(recover(failure, answer)).service(inner), handle };
};

/** Whether a call that fails with `error` is answered. */
async function recovers(failure: FailureClass<unknown> | FailureGuard<unknown>, error: unknown): Promise<boolean> {
  const { service, handle } = around(failure, () => "recovered");
  const answer = service.call("a");
  (await handle.nextRequest()).fail(error);
  return answer.then(
    (response) => response === "recovered",
    (reason: unknown) => {
      expect(reason).toBe(error);
      return false;
    },
  );
}

describe("which failures are meant", () => {
  /** As from another copy of the package: the brand is the same, the class another. */
  class ForeignOverloadedError extends Error {}
  Object.defineProperty(ForeignOverloadedError.prototype, Symbol.for("@sluice/OverloadedError"), { value: true });
  class StricterError extends OverloadedError {}
  /** Other registered symbols are no brands of ours. */
  class InspectedError extends Error {}
  Object.defineProperty(InspectedError.prototype, Symbol.for("nodejs.util.inspect.custom"), { value: true });
  /** As older compilers wrote classes. */
  function CompiledError(this: { message: string }): void {
    this.message = "";
  }
  CompiledError.prototype = Object.create(Error.prototype);
  const compiled = CompiledError as unknown as new () => Error;
  class NoError {
    readonly code = "NO_ERROR";
  }
  function isGone(error: unknown): error is GoneError {
    return error instanceof GoneError;
  }

  test.each<[string, FailureClass<unknown> | FailureGuard<unknown>, unknown, boolean]>([
    ["a class of ours, and its error", OverloadedError, new OverloadedError(), true],
    ["a class of ours, and the error of another copy", OverloadedError, new ForeignOverloadedError(), true],
    ["the class of another copy, and our error", ForeignOverloadedError, new OverloadedError(), true],
    ["a class of ours, and its subclass's error", OverloadedError, new StricterError(), true],
    ["a subclass of one of ours, and its error", StricterError, new StricterError(), true],
    ["a subclass of one of ours, and the parent's error", StricterError, new OverloadedError(), false],
    ["a class of ours, and another error of ours", OverloadedError, new PermitSpentError(), false],
    ["a class of this package, and its error", FilteredError, new FilteredError(), true],
    ["a class of ours, and what is no object", OverloadedError, "overloaded", false],
    ["a class of ours, and null", OverloadedError, null, false],
    ["a class of ours, and undefined", OverloadedError, undefined, false],
    ["a class of a user's, and its error", GoneError, new GoneError(), true],
    ["a class of a user's, and another error", GoneError, new Error("other"), false],
    ["a class with another registered symbol, and its error", InspectedError, new InspectedError(), true],
    ["a class compiled to a function, and its error", compiled, new compiled(), true],
    ["a class compiled to a function, and another error", compiled, new Error("other"), false],
    ["Error, and any error", Error, new GoneError(), true],
    ["a class that is no error, and its instance", NoError, new NoError(), true],
    ["a guard, and what it means", isOverloadedError, new OverloadedError(), true],
    ["a guard, and what it does not mean", isOverloadedError, new Error("other"), false],
    ["a guard with a prototype, and what it means", isGone, new GoneError(), true],
    ["an arrow function, and what it means", (error): error is string => error === "no error", "no error", true],
  ])("%s", async (_case, failure, error, expected) => {
    expect(await recovers(failure, error)).toBe(expected);
  });
});

test("the answer is given the error, the request and the options", async () => {
  const answer = vi.fn<(error: unknown, request: string) => string>((_error, request) => `stale ${request}`);
  const [inner, handle] = mockService<string, string, GoneError>();
  const service = new ServiceBuilder().layer(recover(GoneError, answer)).service(inner);
  const options = { deadline: 5 };
  const called = service.call("a", options);
  const error = new GoneError();
  (await handle.nextRequest()).fail(error);
  expect(await called).toBe("stale a");
  expect(answer.mock.calls).toEqual([[error, "a", options]]);
});

test("a response passes, and nobody is asked", async () => {
  const answer = vi.fn<() => void>();
  const { service, handle } = around(Error, answer);
  const called = service.call("a");
  (await handle.nextRequest()).respond("b");
  expect(await called).toBe("b");
  expect(answer).not.toHaveBeenCalled();
});

test("an async answer is waited for, and what it throws is the failure", async () => {
  const error = new Error("no fallback either");
  const later = around(GoneError, async () => "later");
  const called = later.service.call("a");
  (await later.handle.nextRequest()).fail(new GoneError());
  expect(await called).toBe("later");
  const throwing = around(GoneError, () => {
    throw error;
  });
  const failed = throwing.service.call("a");
  (await throwing.handle.nextRequest()).fail(new GoneError());
  await expect(failed).rejects.toBe(error);
});

describe("a failure of readiness", () => {
  test("is answered for in the call: the permit is granted, and holds nothing inside", async () => {
    const { service, handle } = around(GoneError, () => "recovered");
    handle.sendFailure(new GoneError());
    const permit = service.tryReady("a");
    expect(handle.reserved).toBe(0);
    expect(await permit?.call("a")).toBe("recovered");
    handle.sendFailure(new GoneError());
    service.tryReady("a")?.release();
    handle.allow(0);
    const waiting = [service.call("a"), service.ready().then((granted) => granted.call("b"))];
    handle.sendFailure(new GoneError());
    expect(await Promise.all(waiting)).toEqual(["recovered", "recovered"]);
    expect(handle.calls).toBe(0);
  });

  test("stays one of readiness where it is not meant", async () => {
    const { service, handle } = around(GoneError, () => "recovered");
    const error = new Error("other");
    handle.sendFailure(error);
    expect(() => service.tryReady("a")).toThrow(error);
    handle.allow(0);
    const waiting = service.ready();
    handle.sendFailure(error);
    await expect(waiting).rejects.toBe(error);
  });

  test("is that of an async guard, whose promise is true whatever it says", async () => {
    const guard = (async () => false) as never;
    const service = new ServiceBuilder().layer(recover(guard, () => "recovered")).serviceFn(async () => {
      throw new Error("down");
    });
    await expect(service.call("a")).rejects.toThrow(
      new TypeError(
        "recover: what the guard returns must be true or false, and not a promise of one; received an object",
      ),
    );
  });

  test("is what a guard throws", async () => {
    const error = new Error("guard");
    const guard = (): never => {
      throw error;
    };
    const { service, handle } = around(guard as unknown as FailureGuard<unknown>, () => "recovered");
    handle.sendFailure(new GoneError());
    expect(() => service.tryReady("a")).toThrow(error);
    handle.allow(0);
    const waiting = service.ready();
    handle.sendFailure(new GoneError());
    await expect(waiting).rejects.toBe(error);
    handle.allow(1);
    const called = service.call("a");
    (await handle.nextRequest()).fail(new GoneError());
    await expect(called).rejects.toBe(error);
  });
});

test("promise 5: the reason of the caller's own signal passes as it is", async () => {
  const answer = vi.fn<() => string>(() => "recovered");
  const { service, handle } = around(Error, answer);
  const controller = new AbortController();
  const { signal } = controller;
  const reason = new GoneError();
  const inFlight = service.call("a", { signal });
  const { fail } = await handle.nextRequest();
  handle.allow(0);
  const waiting = service.ready({ signal });
  controller.abort(reason);
  fail(reason);
  await expect(inFlight).rejects.toBe(reason);
  await expect(waiting).rejects.toBe(reason);
  await turn();
  expect(answer).not.toHaveBeenCalled();
});

test("a failure that is undefined is no abort, though the signal's reason is undefined, too", async () => {
  const { service, handle } = around(
    (error): error is undefined => error === undefined,
    () => "recovered",
  );
  const called = service.call("a", { signal: new AbortController().signal });
  (await handle.nextRequest()).fail(undefined);
  expect(await called).toBe("recovered");
});

describe("promise 14: bad options are refused at once", () => {
  const refused =
    (failure: unknown): (() => unknown) =>
    () =>
      recover(failure as FailureGuard<unknown>, () => 1);
  const wanted = "recover: failure must be a class of errors or a guard (error) => boolean";

  test.each([
    ["GoneError", '"GoneError"'],
    [undefined, "undefined"],
    [{}, "an object"],
    [{ name: "GoneError", code: "GONE" }, "an object (GoneError)"],
    [[GoneError], "an array"],
    [Object.create(null), "an object"],
  ])("what is neither a class nor a guard is named: %o", (failure, shown) => {
    expect(refused(failure)).toThrow(new TypeError(`${wanted}; received ${shown}`));
  });

  test("an error in the place of its class: the message says to pass the class", () => {
    expect(refused(new GoneError())).toThrow(
      new TypeError(`${wanted}; received an instance of GoneError: pass the class itself`),
    );
    expect(refused(new Error("gone"))).toThrow(
      new TypeError(`${wanted}; received an instance of Error: pass the class itself`),
    );
  });

  test("an error of another realm, and one whose class has no name", () => {
    const elsewhere: unknown = runInNewContext("new RangeError('gone')");
    expect(refused(elsewhere)).toThrow(/received an instance of RangeError: pass the class itself$/);
    expect(refused(new (class extends Error {})())).toThrow(/received an instance of Error: pass the class itself$/);
  });

  test("an error whose class cannot be read", () => {
    const hostile = Object.defineProperty(new Error("gone"), "constructor", {
      get() {
        throw new Error("not to be read");
      },
    });
    expect(refused(hostile)).toThrow(new TypeError(`${wanted}; received an object (Error)`));
    const symbolic = class extends Error {
      static override readonly name = Symbol("gone") as never;
    };
    expect(refused(new symbolic())).toThrow(new TypeError(`${wanted}; received an object (Error)`));
    const { proxy, revoke } = Proxy.revocable(new Error("gone"), {});
    revoke();
    expect(refused(proxy)).toThrow(new TypeError(`${wanted}; received an object`));
  });

  test("the answer must be a function", () => {
    expect(() => recover(GoneError, 1 as never)).toThrow(
      new TypeError("recover: answer must be a function; received 1"),
    );
  });
});
