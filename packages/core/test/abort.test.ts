import { getEventListeners } from "node:events";
import { describe, expect, test, vi } from "vitest";
import { stateOf, unhandledIn } from "@sluice/test-kit";
import { Semaphore } from "../src/index.ts";
import { type AbortListener, abortWith, listen, ownController, unlisten } from "../src/kit.ts";

const listener = (heard: unknown[], name: string): AbortListener => ({
  aborted(reason) {
    heard.push([name, reason]);
  },
});

function setUp() {
  const controller = new AbortController();
  const { signal } = controller;
  const added = vi.spyOn(signal, "addEventListener");
  const removed = vi.spyOn(signal, "removeEventListener");
  const heard: unknown[] = [];
  return { controller, signal, added, removed, heard };
}

describe("promise 5: those who listen to a signal", () => {
  test("are each told of the abort once, with the reason itself, in the order they came", () => {
    const { controller, signal, heard } = setUp();
    const reason = {};
    listen(signal, listener(heard, "a"));
    listen(signal, listener(heard, "b"));
    controller.abort(reason);
    controller.abort("again");
    expect(heard).toEqual([
      ["a", reason],
      ["b", reason],
    ]);
    expect((heard[0] as unknown[])[1]).toBe(reason);
  });

  test("share one event listener, however many they are, which goes with the last of them", () => {
    const { signal, added, removed } = setUp();
    const listeners = Array.from({ length: 1000 }, () => listener([], "x"));
    for (const one of listeners) listen(signal, one);
    expect(added).toHaveBeenCalledOnce();
    for (const one of listeners.slice(1)) unlisten(signal, one);
    expect(removed).not.toHaveBeenCalled();
    unlisten(signal, listeners[0]!);
    expect(removed).toHaveBeenCalledOnce();
    expect(removed.mock.calls[0]?.slice(0, 2)).toEqual(added.mock.calls[0]?.slice(0, 2));
  });

  test("may come again after the last has gone", () => {
    const { controller, signal, added, heard } = setUp();
    const one = listener(heard, "a");
    listen(signal, one);
    unlisten(signal, one);
    listen(signal, one);
    expect(added).toHaveBeenCalledTimes(2);
    controller.abort("gone");
    expect(heard).toEqual([["a", "gone"]]);
  });

  test("are not told when they have left, be it while the others are told", () => {
    const { controller, signal, heard } = setUp();
    const gone = listener(heard, "gone");
    const later = listener(heard, "later");
    listen(signal, gone);
    listen(signal, {
      aborted() {
        unlisten(signal, later);
      },
    });
    listen(signal, later);
    unlisten(signal, gone);
    controller.abort("reason");
    expect(heard).toEqual([]);
  });

  test("are told although one before them throws, which is reported", async () => {
    const { controller, signal, heard } = setUp();
    const error = new Error("mine");
    listen(signal, {
      aborted() {
        throw error;
      },
    });
    listen(signal, listener(heard, "next"));
    const waiting = stateOf(new Semaphore(0).acquire({ signal }));
    const reported = await unhandledIn(() => {
      controller.abort("gone");
    });
    expect(reported).toEqual([error]);
    expect(heard).toEqual([["next", "gone"]]);
    expect(await waiting).toBe("rejected");
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test.each([1, 2])("are still told where somebody leaves who does not listen: %i of them", (count) => {
    const { controller, signal, heard } = setUp();
    for (let index = 0; index < count; index++) listen(signal, listener(heard, "here"));
    unlisten(signal, listener(heard, "not here"));
    controller.abort("gone");
    expect(heard).toHaveLength(count);
  });

  test("leave nothing on a signal that has aborted", () => {
    const { controller, signal, heard } = setUp();
    listen(signal, listener(heard, "a"));
    controller.abort("gone");
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test("may be forgotten twice, or without having listened", () => {
    const { signal, removed } = setUp();
    const one = listener([], "a");
    unlisten(signal, one);
    listen(signal, one);
    unlisten(signal, one);
    unlisten(signal, one);
    expect(removed).toHaveBeenCalledOnce();
  });

  test("of different signals have nothing to do with each other", () => {
    const [one, two] = [setUp(), setUp()];
    listen(one.signal, listener(one.heard, "one"));
    listen(two.signal, listener(two.heard, "two"));
    one.controller.abort("gone");
    expect([one.heard, two.heard]).toEqual([[["one", "gone"]], []]);
  });
});

describe("those who listen to the signal of an own controller", () => {
  const setUpOwn = () => {
    const controller = ownController();
    const heard: unknown[] = [];
    return { controller, signal: controller.signal, heard };
  };

  test("are each told of the abort once, in the order they came, after those who listen to the event", () => {
    const { controller, signal, heard } = setUpOwn();
    const reason = {};
    listen(signal, listener(heard, "a"));
    listen(signal, listener(heard, "b"));
    signal.addEventListener("abort", () => heard.push(["event", signal.reason]));
    abortWith(controller, reason);
    abortWith(controller, "again");
    expect(heard).toEqual([
      ["event", reason],
      ["a", reason],
      ["b", reason],
    ]);
  });

  test("add nothing to the signal, and leave nothing on it that has aborted", () => {
    const { controller, signal, heard } = setUpOwn();
    listen(signal, listener(heard, "a"));
    expect(getEventListeners(signal, "abort")).toEqual([]);
    abortWith(controller, "gone");
    expect(heard).toEqual([["a", "gone"]]);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test("may come again after the last has gone, and are told once", () => {
    const { controller, signal, heard } = setUpOwn();
    const one = listener(heard, "a");
    listen(signal, one);
    unlisten(signal, one);
    unlisten(signal, one);
    listen(signal, one);
    abortWith(controller, "gone");
    expect(heard).toEqual([["a", "gone"]]);
  });

  test.each(["an event's listener", "another listener"])(
    "are not told when they have left, at the word of %s",
    (who) => {
      const { controller, signal, heard } = setUpOwn();
      const leaver = listener(heard, "left");
      const leave = (): void => unlisten(signal, leaver);
      if (who === "another listener") listen(signal, { aborted: leave });
      else signal.addEventListener("abort", leave);
      listen(signal, leaver);
      abortWith(controller, "gone");
      expect(heard).toEqual([]);
      expect(getEventListeners(signal, "abort").filter((each) => each !== leave)).toEqual([]);
    },
  );

  test("are told nothing by an abort where nobody is left", () => {
    const { controller, signal, heard } = setUpOwn();
    const one = listener(heard, "a");
    listen(signal, one);
    unlisten(signal, one);
    abortWith(controller, "gone");
    expect([heard, signal.aborted]).toEqual([[], true]);
  });
});
