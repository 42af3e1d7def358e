import { describe, expect, test, vi } from "vitest";
import { Line, LinkedList } from "../src/kit.ts";
import { follows } from "../src/kit/line.ts";
import { stateOf, turn } from "@sluice/test-kit";

function setUp() {
  const serve = vi.fn<() => void>();
  const line = new Line<string>(serve);
  return { line, serve };
}

describe("promise 4: a line", () => {
  test("serves first come, first served", async () => {
    const { line } = setUp();
    const waiters = [line.join({}), line.join({}), line.join({})];
    expect(line.size).toBe(3);
    line.grant("a");
    line.refuse("closed");
    line.grant("c");
    expect(await Promise.allSettled(waiters)).toEqual([
      { status: "fulfilled", value: "a" },
      { status: "rejected", reason: "closed" },
      { status: "fulfilled", value: "c" },
    ]);
    expect(line.size).toBe(0);
  });

  test("says what the first in line asked for", () => {
    const { line } = setUp();
    expect(line.first).toBeUndefined();
    const [one, two] = [{ request: 1 }, { request: 2 }];
    void line.join(one);
    void line.join(two);
    expect(line.first?.options).toBe(one);
    line.grant("a");
    expect(line.first?.options).toBe(two);
  });

  test("is gone through in order, and the one at hand may be refused meanwhile", async () => {
    const { line } = setUp();
    const waiters = [1, 2, 3, 4].map((request) => line.join({ request }));
    const seen: unknown[] = [];
    for (const waiter of line) {
      seen.push(waiter.options.request);
      if (waiter.options.request !== 3) line.refuse("late", waiter);
    }
    expect(seen).toEqual([1, 2, 3, 4]);
    expect([line.size, line.first?.options.request]).toEqual([1, 3]);
    line.grant("a");
    expect((await Promise.allSettled(waiters)).map(({ status }) => status)).toEqual([
      "rejected",
      "rejected",
      "fulfilled",
      "rejected",
    ]);
    expect([...line]).toEqual([]);
  });

  test("is blocked while somebody waits, and until who was granted has moved on", async () => {
    const { line } = setUp();
    expect(line.blocks()).toBe(false);
    let moved = false;
    void line.join({}).then(() => {
      // What the waiter does next it does before anybody else is let in.
      expect(line.blocks()).toBe(true);
      moved = true;
    });
    expect(line.blocks()).toBe(true);
    line.grant("a");
    expect([line.size, line.blocks()]).toEqual([0, true]);
    await turn();
    expect([moved, line.blocks()]).toEqual([true, false]);
  });

  test("is not blocked by somebody who was refused", async () => {
    const { line } = setUp();
    const refused = line.join({});
    line.refuse("closed");
    expect(line.blocks()).toBe(false);
    await expect(refused).rejects.toBe("closed");
  });

  test("asks to be served when those granted have moved on and others have come meanwhile", async () => {
    const { line, serve } = setUp();
    void line.join({});
    line.grant("a");
    await turn();
    expect(serve).not.toHaveBeenCalled();
    void line.join({});
    void line.join({});
    line.grant("b");
    line.grant("c");
    const later = line.join({});
    expect(serve).not.toHaveBeenCalled();
    await turn();
    expect(serve).toHaveBeenCalledOnce();
    expect(await stateOf(later)).toBe("pending");
  });

  test("has nobody to grant to, or to refuse, when it is empty", () => {
    const { line } = setUp();
    const empty = /^That waiter is not in this line/;
    expect(() => {
      line.grant("a");
    }).toThrow(empty);
    expect(() => {
      line.refuse("closed");
    }).toThrow(empty);
    expect(line.blocks()).toBe(false);
  });
});

describe("promise 5: abort", () => {
  test("nobody is left in line where the signal is none", () => {
    const { line } = setUp();
    const signal = { aborted: false } as unknown as AbortSignal;
    for (let round = 0; round < 2; round++) {
      expect(() => line.join({ signal })).toThrow(TypeError);
      expect(line.size).toBe(0);
    }
  });

  test("what a line just gave follows its signal, and nothing else does", () => {
    const { line } = setUp();
    const [{ signal }, other] = [new AbortController(), new AbortController()];
    expect(follows(line.join({ signal }), signal)).toBe(true);
    expect(follows(line.join({ signal }), other.signal)).toBe(false);
    void line.join({ signal });
    expect(follows(Promise.resolve(), signal)).toBe(false);
    expect(follows(line.join({}), signal)).toBe(false);
    const promise = line.join({ signal });
    expect([follows(promise, signal), follows(promise, signal)]).toEqual([true, false]);
  });

  test("who gives up leaves at once, from anywhere, and those behind are served", async () => {
    const { line, serve } = setUp();
    const controllers = [0, 1, 2].map(() => new AbortController());
    const waiters = controllers.map(({ signal }) => line.join({ signal }));
    const reason = {};
    controllers[0]?.abort(reason);
    expect(line.size).toBe(2);
    expect(serve).toHaveBeenCalledOnce();
    await expect(waiters[0]).rejects.toBe(reason);
    controllers[2]?.abort("last");
    await expect(waiters[2]).rejects.toBe("last");
    line.grant("b");
    expect(await waiters[1]).toBe("b");
  });

  test("with a signal that is aborted already nobody joins", async () => {
    const { line, serve } = setUp();
    await expect(line.join({ signal: AbortSignal.abort("gone") })).rejects.toBe("gone");
    expect([line.size, line.blocks()]).toEqual([0, false]);
    expect(serve).not.toHaveBeenCalled();
  });

  test("after the grant, or the refusal, an abort changes nothing", async () => {
    const { line, serve } = setUp();
    const controller = new AbortController();
    const { signal } = controller;
    const waiters = [line.join({ signal }), line.join({ signal })];
    line.grant("a");
    line.refuse("closed");
    controller.abort("late");
    expect(await Promise.allSettled(waiters)).toEqual([
      { status: "fulfilled", value: "a" },
      { status: "rejected", reason: "closed" },
    ]);
    expect(serve).not.toHaveBeenCalled();
  });

  test("one listener serves a whole line on one signal, and none is left behind", () => {
    const { line } = setUp();
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, "addEventListener");
    const removed = vi.spyOn(signal, "removeEventListener");
    for (let n = 0; n < 1000; n++) void line.join({ signal });
    expect(added).toHaveBeenCalledOnce();
    while (line.size > 0) line.grant("go");
    expect(removed).toHaveBeenCalledOnce();
  });
});

test("promise 4: joining, leaving and handing over look at nobody but the neighbours", () => {
  const joined = vi.spyOn(LinkedList.prototype, "push");
  const line = new Line<string>(() => {});
  const controllers = Array.from({ length: 100 }, () => new AbortController());
  for (const { signal } of controllers) line.join({ signal }).catch(() => {});
  const nodes = joined.mock.calls.map(([node]) => node);
  joined.mockRestore();
  // Whoever stands elsewhere than at the ends and in the middle is not to be looked at.
  const looks: string[] = [];
  for (const [place, node] of nodes.entries()) {
    if (place < 3 || (place > 46 && place < 54) || place > 97) continue;
    for (const link of ["next", "previous", "list"] as const) {
      const value = node[link];
      Object.defineProperty(node, link, {
        get: () => {
          looks.push(`${link} of ${place}`);
          return value;
        },
      });
    }
  }
  void line.join({});
  controllers[50]?.abort();
  controllers[99]?.abort();
  line.grant("go");
  expect(line.size).toBe(98);
  expect(looks).toEqual([]);
});
