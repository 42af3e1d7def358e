import { AsyncLocalStorage } from "node:async_hooks";
import { gate, isPermitSpentError, layerFn, OverloadedError, partsOf, Semaphore, ServiceBuilder } from "@sluice/core";
import { stackOf, stackService } from "@sluice/core/internal";
import { mockService, VirtualClock } from "@sluice/testing";
import pino from "pino";
import { afterEach, describe, expect, test, vi } from "vitest";
import { currentRequestId, currentTraceparent, trace, type TraceOptions } from "../src/index.ts";
import { hops, turn, unhandledIn, watch } from "@sluice/test-kit";

const uuid = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const spanId = "00f067aa0ba902b7";

/** `id-1`, `id-2`, … */
function counting(): () => string {
  let last = 0;
  return () => `id-${++last}`;
}

/** A logger of the console's shape, and what was written to it. */
function consoleShaped() {
  const lines: (readonly [method: string, message: string, fields: Record<string, unknown>])[] = [];
  const method =
    (name: string) =>
    (message: string, fields: object): void => {
      lines.push([name, message, fields as Record<string, unknown>]);
    };
  return { lines, logger: { debug: method("debug"), info: method("info"), warn: method("warn") } };
}

/** A traced mock service that writes to a logger of the console's shape. */
function setUp(options: TraceOptions<string> = {}) {
  const clock = new VirtualClock();
  const { lines, logger } = consoleShaped();
  const [inner, handle] = mockService<string, string>();
  const service = new ServiceBuilder()
    .layer(trace({ clock, logger, generateId: counting(), ...options }))
    .service(inner);
  return { clock, handle, lines, service };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("the id of a request", () => {
  test("is a random UUID of its own for each call", async () => {
    const service = new ServiceBuilder().layer(trace()).serviceFn((_request: string) => currentRequestId());
    const [one, two] = await Promise.all([service.call("a"), service.call("b")]);
    expect(one).toMatch(uuid);
    expect(two).toMatch(uuid);
    expect(one).not.toBe(two);
  });

  test("is what generateId makes", async () => {
    const service = new ServiceBuilder()
      .layer(trace({ generateId: counting() }))
      .serviceFn((_request: string) => currentRequestId());
    expect([await service.call("a"), await service.call("b")]).toEqual(["id-1", "id-2"]);
  });

  test("is the one that came with the request, where there is one", async () => {
    const seen: (string | undefined)[] = [];
    const headers: Record<string, unknown> = { named: "from-outside", empty: "", number: 5 };
    const service = new ServiceBuilder()
      .layer(
        trace({
          generateId: counting(),
          requestId(request: string) {
            if (request === "throws") throw new Error("no headers");
            return headers[request] as string;
          },
        }),
      )
      .serviceFn(() => {
        seen.push(currentRequestId());
      });
    for (const request of ["named", "empty", "number", "missing", "throws"]) await service.call(request);
    expect(seen).toEqual(["from-outside", "id-1", "id-2", "id-3", "id-4"]);
  });

  test("is made where the platform has no randomUUID, or no crypto at all", async () => {
    const whole = globalThis.crypto;
    const poor = { getRandomValues: (bytes: Uint8Array<ArrayBuffer>) => whole.getRandomValues(bytes) };
    try {
      for (const crypto of [poor, {}, undefined]) {
        vi.stubGlobal("crypto", crypto);
        const slots = new Semaphore(1);
        const seen: string[] = [];
        const service = new ServiceBuilder()
          .layer(trace())
          .layer(gate(slots, { name: "slots" }))
          .serviceFn(() => seen.push(String(currentRequestId()), String(currentTraceparent())));
        await service.call("a");
        await service.call("b");
        expect(seen.filter((_id, index) => index % 2 === 0)).toEqual([
          expect.stringMatching(uuid),
          expect.stringMatching(uuid),
        ]);
        expect(new Set(seen).size).toBe(4);
        expect(slots.active).toBe(0);
      }
    } finally {
      vi.unstubAllGlobals();
    }
  });

  test("is nowhere outside, neither before nor after", async () => {
    const service = new ServiceBuilder().layer(trace()).serviceFn(() => 1);
    await service.call(0).then(() => {
      expect(currentRequestId()).toBeUndefined();
      expect(currentTraceparent()).toBeUndefined();
    });
    expect(currentRequestId()).toBeUndefined();
    expect(currentTraceparent()).toBeUndefined();
  });

  test("is there after awaits, in timers and in callbacks", async () => {
    const service = new ServiceBuilder()
      .layer(trace({ generateId: counting() }))
      .serviceFn(async (_request: string) => {
        const seen = [currentRequestId()];
        await Promise.resolve();
        seen.push(currentRequestId());
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
        seen.push(currentRequestId());
        return seen;
      });
    expect(await service.call("a")).toEqual(["id-1", "id-1", "id-1"]);
  });

  test("promise 8: is that of the caller also where the call waited for a layer outside or inside", async () => {
    for (const outside of [true, false]) {
      const semaphore = new Semaphore(1);
      const limit = gate(semaphore, { name: "limit" });
      // Absorbs readiness, so that what is inside is asked within the call.
      const absorb = layerFn("absorb", (inner) => {
        const always = new ServiceBuilder().serviceFn((request, options) => inner.call(request, options));
        return always;
      });
      const seen: string[] = [];
      const service = new ServiceBuilder()
        .layer(outside ? limit : undefined)
        .layer(trace({ generateId: counting() }))
        .layer(outside ? undefined : absorb)
        .layer(outside ? undefined : limit)
        .serviceFn(async (request: string) => {
          await Promise.resolve();
          seen.push(`${request} ${currentRequestId()}`);
        });
      await Promise.all(["a", "b", "c"].map((request) => service.call(request)));
      expect(seen).toEqual(["a id-1", "b id-2", "c id-3"]);
    }
  });

  test("is not there while the call waits for readiness, unless a trace further out gave one", async () => {
    const seen: unknown[] = [];
    const asking = layerFn("asking", (inner) => {
      const { tryReserve, reserve } = stackOf(inner);
      return stackService({
        tryReserve(request) {
          seen.push(currentRequestId());
          return tryReserve(request);
        },
        reserve,
      });
    });
    const service = new ServiceBuilder()
      .layer(trace({ generateId: counting() }))
      .layer(asking)
      .serviceFn(() => 1);
    await service.call(0);
    expect(seen).toEqual([undefined]);
    const outer = new ServiceBuilder()
      .layer(trace({ generateId: () => "outer" }))
      .serviceFn((request) => service.call(request));
    await outer.call(0);
    expect(seen).toEqual([undefined, "outer"]);
  });

  test("a permit is traced where it is called, not where it was reserved", async () => {
    const service = new ServiceBuilder()
      .layer(trace({ generateId: counting() }))
      .serviceFn((_request: string) => currentRequestId());
    const permit = await service.ready();
    const outer = new ServiceBuilder().layer(trace({ generateId: () => "outer" })).serviceFn(() => permit.call("a"));
    expect(await outer.call(0)).toBe("outer");
  });
});

describe("a trace inside a call that has an id", () => {
  test("keeps the id and the trace, and makes a span of its own", async () => {
    const header = vi.fn<() => string>();
    const inner = new ServiceBuilder()
      .layer(trace({ generateId: counting(), traceparent: header }))
      .serviceFn(() => [currentRequestId(), currentTraceparent()]);
    const outer = new ServiceBuilder()
      .layer(trace({ generateId: () => "outer", traceparent: () => `00-${traceId}-${spanId}-01` }))
      .serviceFn(async () => [currentTraceparent(), await inner.call(0), await inner.call(0), currentTraceparent()]);
    const [before, [firstId, first], [secondId, second], after] = (await outer.call(0)) as [
      string,
      [string, string],
      [string, string],
      string,
    ];
    expect([firstId, secondId]).toEqual(["outer", "outer"]);
    expect(after).toBe(before);
    for (const traceparent of [before, first, second]) {
      expect(traceparent).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
    }
    expect(new Set([spanId, ...[before, first, second].map((value) => value.slice(36, 52))]).size).toBe(4);
    expect(header).not.toHaveBeenCalled();
  });

  test("joins also where another copy of the package made the id", async () => {
    vi.resetModules();
    const copy = await import("../src/index.ts");
    expect(copy.trace).not.toBe(trace);
    const inner = new ServiceBuilder().layer(trace()).serviceFn(() => [currentRequestId(), copy.currentRequestId()]);
    const outer = new ServiceBuilder().layer(copy.trace({ generateId: () => "outer" })).serviceFn(() => inner.call(0));
    expect(await outer.call(0)).toEqual(["outer", "outer"]);
  });
});

describe("W3C trace context", () => {
  const traced = (options?: TraceOptions<unknown>) =>
    new ServiceBuilder().layer(trace(options)).serviceFn((_request: unknown) => currentTraceparent());

  test("a trace that begins here has random ids and is not sampled", async () => {
    const service = traced();
    const [one, two] = [await service.call(0), await service.call(0)];
    expect(one).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-00$/);
    expect(two!.slice(3, 35)).not.toBe(one!.slice(3, 35));
  });

  test("a valid header is joined: the same trace and flags, another span", async () => {
    const traceparent = vi.fn<(request: { header: string }) => string>(({ header }) => header);
    const service = new ServiceBuilder().layer(trace({ traceparent })).serviceFn(() => currentTraceparent());
    const request = { header: `00-${traceId}-${spanId}-01` };
    const answer = await service.call(request);
    expect(traceparent).toHaveBeenCalledExactlyOnceWith(request);
    expect(answer).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
    expect(answer).not.toContain(spanId);
  });

  test("a header of a version to come goes on as version 00", async () => {
    const answer = await traced({ traceparent: () => `01-${traceId}-${spanId}-01-more` }).call(0);
    expect(answer).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
  });

  test("a list of one is a header", async () => {
    expect(await traced({ traceparent: () => [`00-${traceId}-${spanId}-01`] }).call(0)).toContain(traceId);
  });

  test.each([
    ["invalid", () => `00-${traceId}-${spanId}-zz`],
    ["of version ff", () => `ff-${traceId}-${spanId}-01`],
    ["there several times", () => [`00-${traceId}-${spanId}-01`, `00-${traceId}-${spanId}-01`]],
    ["an empty list", () => []],
    ["null", () => null],
    ["undefined", () => undefined],
    ["no string", () => 7 as unknown as string],
    [
      "out of reach",
      (): string => {
        throw new Error("no headers here");
      },
    ],
  ])("a trace begins here when the header is %s", async (_what, traceparent) => {
    const answer = await traced({ traceparent }).call(0);
    expect(answer).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-00$/);
    expect(answer).not.toContain(traceId);
  });

  test("is the same each time it is asked for in one span, and costs nothing where nobody asks", async () => {
    const random = vi.spyOn(crypto, "randomUUID");
    const service = new ServiceBuilder()
      .layer(trace({ generateId: counting() }))
      .serviceFn((asks: boolean) => (asks ? [currentTraceparent(), currentTraceparent()] : []));
    await service.call(false);
    expect(random).not.toHaveBeenCalled();
    const [one, two] = await service.call(true);
    expect(one).toBeDefined();
    expect(two).toBe(one);
  });
});

describe("with a logger", () => {
  test("it writes the beginning and the end of a call, with the duration in milliseconds", async () => {
    const { clock, handle, lines, service } = setUp();
    const answer = service.call("a");
    const ids = {
      requestId: "id-1",
      traceId: expect.stringMatching(/^[\da-f]{32}$/),
      spanId: expect.stringMatching(/^[\da-f]{16}$/),
    };
    expect(lines).toEqual([["info", "request started", { ...ids, waited: 0 }]]);
    await clock.advance(30);
    (await handle.nextRequest()).respond("A");
    expect(await answer).toBe("A");
    expect(lines.slice(1)).toEqual([["info", "request completed", { ...ids, duration: 30, outcome: "completed" }]]);
    expect(lines[1]![2]).toMatchObject({ traceId: lines[0]![2]["traceId"], spanId: lines[0]![2]["spanId"] });
  });

  test("it writes how long the wait for readiness was, which is no part of the duration", async () => {
    const { clock, handle, lines, service } = setUp();
    handle.allow(0);
    const answer = service.call("a");
    await clock.advance(70);
    expect(lines).toEqual([]);
    handle.allow(1);
    await clock.advance(0);
    await clock.advance(5);
    (await handle.nextRequest()).respond("A");
    await answer;
    expect(lines.map(([, , { waited, duration }]) => [waited, duration])).toEqual([
      [70, undefined],
      [undefined, 5],
    ]);
  });

  test("a wait and a call during which the clock was set back took no time", async () => {
    const { clock, handle, lines, service } = setUp();
    handle.allow(0);
    const answer = service.call("a");
    clock.jump(-100);
    handle.allow(1);
    await clock.advance(0);
    clock.jump(-100);
    (await handle.nextRequest()).respond("A");
    await answer;
    expect(lines.map(([, , { waited, duration }]) => [waited, duration])).toEqual([
      [0, undefined],
      [undefined, 0],
    ]);
  });

  test("it writes failures to `warn`, with the error", async () => {
    const { clock, handle, lines, service } = setUp();
    const error = new Error("bad");
    const answer = watch(service.call("a"));
    await clock.advance(10);
    (await handle.nextRequest()).fail(error);
    await turn();
    expect(answer()).toEqual(["broken", error]);
    expect(lines[1]).toMatchObject(["warn", "request failed", { duration: 10, outcome: "failed" }]);
    expect(lines[1]![2]["err"]).toBe(error);
  });

  test("it writes what fails after the caller has given up as aborted", async () => {
    const { handle, lines, service } = setUp();
    const controller = new AbortController();
    const answer = watch(service.call("a", { signal: controller.signal }));
    const request = await handle.nextRequest();
    controller.abort("enough");
    request.fail("stopped");
    await turn();
    expect(answer()).toEqual(["broken", "stopped"]);
    expect(lines[1]).toMatchObject(["info", "request aborted", { outcome: "aborted", err: "stopped" }]);
  });

  test("an answer that comes in spite of an abort is still an answer", async () => {
    const { handle, lines, service } = setUp();
    const controller = new AbortController();
    const answer = service.call("a", { signal: controller.signal });
    const request = await handle.nextRequest();
    controller.abort("enough");
    request.respond("A");
    await answer;
    expect(lines[1]).toMatchObject(["info", "request completed", { outcome: "completed" }]);
  });

  test("it writes at the level it is told to, and failures to `warn` all the same", async () => {
    const { handle, lines, service } = setUp({ level: "debug" });
    const answers = [watch(service.call("a")), watch(service.call("b"))];
    (await handle.nextRequest()).respond("A");
    (await handle.nextRequest()).fail("bad");
    await turn();
    expect(answers.map((answer) => answer()[0])).toEqual(["kept", "broken"]);
    expect(lines.map(([method]) => method)).toEqual(["debug", "debug", "debug", "warn"]);
  });

  test("it writes a refusal at the level of all others, with who refused and without an error", async () => {
    const { handle, lines, service } = setUp();
    const answer = watch(service.call("a"));
    const error = new OverloadedError("rateLimit", { reason: "rate", label: "search", retryAfter: 250 });
    (await handle.nextRequest()).fail(error);
    await turn();
    expect(answer()).toEqual(["broken", error]);
    expect(lines.map(([method, message]) => [method, message])).toEqual([
      ["info", "request started"],
      ["info", "request refused"],
    ]);
    expect(lines[1]![2]).toMatchObject({
      outcome: "refused",
      layer: "rateLimit",
      label: "search",
      reason: "rate",
      retryAfter: 250,
    });
    expect(lines[1]![2]).not.toHaveProperty("err");
  });

  test("spans name their parents", async () => {
    const { lines, logger } = consoleShaped();
    const service = new ServiceBuilder()
      .layer(trace({ logger, traceparent: () => `00-${traceId}-${spanId}-01` }))
      .layer(trace({ logger }))
      .serviceFn((_request: string) => 1);
    await service.call("a");
    const [outer, inner] = lines.map(([, , fields]) => fields);
    expect(outer).toMatchObject({ traceId, parentSpanId: spanId });
    expect(inner).toMatchObject({ traceId, parentSpanId: outer!["spanId"], requestId: outer!["requestId"] });
    const { lines: rootLines, service: root } = setUp();
    void root.call("a");
    expect(rootLines[0]![2]).not.toHaveProperty("parentSpanId");
  });

  test("a call that never gets ready is not written", async () => {
    const { handle, lines, service } = setUp();
    handle.sendFailure("no connection");
    await expect(service.call("a")).rejects.toBe("no connection");
    handle.allow(0);
    const controller = new AbortController();
    const answer = service.call("a", { signal: controller.signal });
    controller.abort("enough");
    await expect(answer).rejects.toBe("enough");
    expect(service.tryReady()).toBeUndefined();
    expect(lines).toEqual([]);
  });

  test("the id can be read while a line is written", async () => {
    const seen: unknown[] = [];
    const write = (): void => {
      seen.push(currentRequestId());
    };
    const service = new ServiceBuilder()
      .layer(trace({ logger: { info: write, warn: write }, generateId: counting() }))
      .serviceFn(async () => 1);
    await service.call(0);
    expect(seen).toEqual(["id-1", "id-1"]);
  });

  test("a logger that throws, or fails later, harms no call", async () => {
    const error = new Error("disk full");
    const throwing = (): never => {
      throw error;
    };
    const failing = async (): Promise<never> => {
      throw error;
    };
    for (const write of [throwing, failing]) {
      const reported = await unhandledIn(async () => {
        const service = new ServiceBuilder()
          .layer(trace({ logger: { info: write, warn: write } }))
          .serviceFn((fails: boolean) => (fails ? Promise.reject(new Error("bad")) : "A"));
        expect(await service.call(false)).toBe("A");
        await expect(service.call(true)).rejects.toThrow("bad");
      });
      expect(reported).toEqual([]);
    }
  });

  test("options whose members cannot be read harm nobody", async () => {
    const { handle, lines, service } = setUp();
    const hostile = {
      get signal(): AbortSignal {
        throw new Error("hostile");
      },
    };
    const { tryReserve } = stackOf(service);
    const answer = watch(tryReserve("a")!.start("a", hostile, false));
    (await handle.nextRequest()).fail("bad");
    await turn();
    expect(answer()).toEqual(["broken", "bad"]);
    expect(lines[1]).toMatchObject(["warn", "request failed", { outcome: "failed" }]);
  });
});

describe("a level that is off", () => {
  /** A logger that writes from `least` on, and counts how often fields were made for it. */
  const levelled = (least: "info" | "warn" | "error") => {
    const order = ["info", "warn", "error"];
    const written: string[] = [];
    const write =
      (method: string) =>
      (message: string): void => {
        written.push(`${method} ${message}`);
      };
    const isLevelEnabled = vi.fn<(level: string) => boolean>((level) => order.indexOf(level) >= order.indexOf(least));
    return { written, logger: { info: write("info"), warn: write("warn"), isLevelEnabled } };
  };

  test("nothing is written of what goes well, and failures are written all the same", async () => {
    const { written, logger } = levelled("warn");
    const { handle, service } = setUp({ logger });
    const good = service.call("a");
    (await handle.nextRequest()).respond("A");
    await good;
    const bad = watch(service.call("b"));
    (await handle.nextRequest()).fail(new Error("no"));
    await turn();
    expect(bad()[0]).toBe("broken");
    expect(written).toEqual(["warn request failed"]);
  });

  test("with both levels off no time is read and nothing is observed", async () => {
    const { written, logger } = levelled("error");
    const { clock, handle, service } = setUp({ logger });
    const now = vi.spyOn(clock, "now");
    const call = service.call("a");
    (await handle.nextRequest()).respond("A");
    expect(await call).toBe("A");
    expect(now).not.toHaveBeenCalled();
    expect(written).toEqual([]);
  });

  test("is asked for each call, for it may change while the process runs; one that throws counts as on", async () => {
    const { written, logger } = levelled("error");
    const { handle, service } = setUp({ logger });
    for (const change of ["off", "on", "broken"]) {
      if (change === "on") logger.isLevelEnabled.mockReturnValue(true);
      if (change === "broken") {
        logger.isLevelEnabled.mockImplementation(() => {
          throw new Error("level trap");
        });
      }
      const call = service.call(change);
      (await handle.nextRequest()).respond("ok");
      await call;
    }
    expect(written.filter((line) => line.includes("started"))).toHaveLength(2);
  });

  test("the real pino writes nothing at a level that is off", async () => {
    const lines: string[] = [];
    const logger = pino({ level: "error" }, { write: (line: string) => lines.push(line) });
    const { handle, service } = setUp({ logger });
    const call = service.call("a");
    (await handle.nextRequest()).respond("A");
    await call;
    expect(lines).toEqual([]);
  });
});

describe("loggers of either shape", () => {
  test("pino gets the fields and the message as it wants them", async () => {
    const lines: Record<string, unknown>[] = [];
    const logger = pino({ level: "debug", base: null }, { write: (line: string) => lines.push(JSON.parse(line)) });
    for (const pinoLogger of [logger, logger.child({ module: "upstream" })]) {
      lines.length = 0;
      const service = new ServiceBuilder()
        .layer(trace({ logger: pinoLogger, level: "debug", generateId: counting(), clock: new VirtualClock() }))
        .serviceFn((fails: boolean) => (fails ? Promise.reject(new RangeError("bad")) : 1));
      await service.call(false);
      await service.call(true).catch(() => {});
      expect(lines).toMatchObject([
        { level: 20, msg: "request started", requestId: "id-1", waited: 0 },
        { level: 20, msg: "request completed", requestId: "id-1", duration: 0, outcome: "completed" },
        { level: 20, msg: "request started", requestId: "id-2" },
        // pino serializes what is called `err`.
        { level: 40, msg: "request failed", outcome: "failed", err: { type: "RangeError", message: "bad" } },
      ]);
    }
  });

  test("the console gets the message first", async () => {
    const info = vi.spyOn(console, "info").mockImplementation(() => {});
    const service = new ServiceBuilder().layer(trace({ logger: console, generateId: counting() })).serviceFn(() => 1);
    await service.call(0);
    expect(info.mock.calls).toEqual([
      ["request started", expect.objectContaining({ requestId: "id-1" })],
      ["request completed", expect.objectContaining({ requestId: "id-1", outcome: "completed" })],
    ]);
  });
});

describe("without a logger", () => {
  test("no time is read", async () => {
    const clock = new VirtualClock();
    const now = vi.spyOn(clock, "now");
    const [inner, handle] = mockService<string, string>();
    handle.allow(0);
    const service = new ServiceBuilder().layer(trace({ clock })).service(inner);
    const answer = service.call("a");
    handle.allow(1);
    (await handle.nextRequest()).respond("A");
    await answer;
    expect(now).not.toHaveBeenCalled();
  });
});

describe("functions of the user's that throw", () => {
  test.each([
    [
      "throws",
      (): string => {
        throw new Error("no entropy");
      },
    ],
    ["answers with no string", () => undefined as unknown as string],
  ])("a UUID stands in where generateId %s", async (_what, generateId) => {
    const service = new ServiceBuilder().layer(trace({ generateId })).serviceFn(() => currentRequestId());
    expect(await service.call(0)).toMatch(uuid);
  });
});

describe.each([
  ["without a logger", false],
  ["with a logger", true],
])("it only looks on, %s", (_how, logs) => {
  const layer = () => trace(logs ? { logger: consoleShaped().logger } : {});

  test("promise 11: readiness and answers of layers inside are handed on as they are", async () => {
    const answer = Promise.resolve("A");
    const stack = stackOf(new ServiceBuilder().layer(layer()).serviceFn(() => answer));
    expect(stack.tryReserve("a")!.start("a", {}, false)).toBe(answer);
    let started = false;
    const service = new ServiceBuilder().layer(layer()).serviceFn(() => {
      started = true;
    });
    void service.call(0);
    expect(started).toBe(true);
    await turn();
  });

  test("promise 11: a stack of them adds at most one microtask, at its edge", async () => {
    const answer = Promise.resolve("A");
    const service = new ServiceBuilder()
      .layer(layer())
      .layer(layer())
      .serviceFn(() => answer);
    expect((await hops(service.call(0))) - (await hops(answer))).toBe(logs ? 1 : 0);
  });

  test("promise 11: an ignored failure is reported, a handled one is not", async () => {
    const error = new Error("ignored");
    for (const inside of [undefined, gate(new Semaphore(1), { name: "limit" })]) {
      const service = new ServiceBuilder()
        .layer(layer())
        .layer(inside)
        .serviceFn(() => Promise.reject(error));
      expect(await unhandledIn(() => void service.call(0))).toEqual([error]);
      expect(await unhandledIn(() => service.call(0).catch(() => {}))).toEqual([]);
    }
  });

  test("promise 1, 2, 3: a permit is that of the service inside", async () => {
    const [inner, handle] = mockService<string, string>();
    handle.allow(2);
    const service = new ServiceBuilder().layer(layer()).service(inner);
    {
      using permit = service.tryReady();
      expect(permit).toBeDefined();
      expect(handle.reserved).toBe(1);
    }
    expect(handle).toMatchObject({ reserved: 0, released: 1 });
    const permit = await service.ready();
    const answer = permit.call("a");
    (await handle.nextRequest()).respond("A");
    expect(await answer).toBe("A");
    await expect(permit.call("b")).rejects.toSatisfy(isPermitSpentError);
    permit.release();
    expect(handle).toMatchObject({ calls: 1, reserved: 0 });
  });

  test("promise 3, 7: a handler that throws is a rejection", async () => {
    const error = new Error("thrown");
    const semaphore = new Semaphore(1);
    const service = new ServiceBuilder()
      .layer(layer())
      .layer(gate(semaphore, { name: "limit" }))
      .serviceFn(() => {
        throw error;
      });
    await expect(service.call(0)).rejects.toBe(error);
    expect(semaphore.active).toBe(0);
  });

  test("promise 5: an abort reaches the line and the work", async () => {
    const [inner, handle] = mockService<string, string>();
    handle.allow(0);
    const service = new ServiceBuilder().layer(layer()).service(inner);
    const [first, second] = [new AbortController(), new AbortController()];
    const waiting = watch(service.call("a", { signal: first.signal }));
    expect(handle.waiting).toBe(1);
    first.abort("enough");
    expect(handle.waiting).toBe(0);
    await turn();
    expect(waiting()).toEqual(["broken", "enough"]);
    handle.allow(1);
    void service.call("b", { signal: second.signal });
    const { options, respond } = await handle.nextRequest();
    expect(options.signal).toBe(second.signal);
    respond("B");
    await expect(service.call("c", { signal: AbortSignal.abort("before") })).rejects.toBe("before");
    expect(handle.calls).toBe(1);
  });

  test("promise 6: work that is handed up reaches the gates outside, and inside", async () => {
    const [outer, inner] = [new Semaphore(1), new Semaphore(1)];
    let done!: () => void;
    const service = new ServiceBuilder()
      .layer(gate(outer, { name: "outer" }))
      .layer(layer())
      .layer(gate(inner, { name: "inner" }))
      .serviceFn((_request: string, { waitUntil }) => {
        waitUntil?.(
          new Promise<void>((resolve) => {
            done = resolve;
          }),
        );
        return "answered";
      });
    expect(await service.call("a")).toBe("answered");
    expect([outer.active, inner.active]).toEqual([1, 1]);
    done();
    await turn();
    expect([outer.active, inner.active]).toEqual([0, 0]);
  });

  test("promise 8: other async contexts of the caller are left alone", async () => {
    const storage = new AsyncLocalStorage<string>();
    const service = new ServiceBuilder().layer(layer()).serviceFn(() => storage.getStore());
    expect(await storage.run("caller", () => service.call(0))).toBe("caller");
  });

  test("the same layer may stand in a stack twice", async () => {
    const twice = layer();
    const builder = new ServiceBuilder().layer(twice).layer(twice);
    expect(builder.describe()).toEqual(["trace", "trace"]);
    expect(await builder.serviceFn(() => 1).call(0)).toBe(1);
  });
});

test("two traces of one stack are told apart by their labels", () => {
  const service = new ServiceBuilder()
    .layer(trace({ label: "request" }))
    .layer(trace({ label: "attempt" }))
    .serviceFn(String);
  const outer = partsOf(service);
  const inner = outer !== undefined && "inner" in outer ? partsOf(outer.inner) : undefined;
  expect([outer, inner].map((parts) => parts !== undefined && "layer" in parts && parts.layer.about)).toEqual([
    { label: "request", traits: ["observes"] },
    { label: "attempt", traits: ["observes"] },
  ]);
});

describe("promise 14: bad options", () => {
  test.each([
    [null, /trace: options .* received null/],
    ["info", /trace: options .* received "info"/],
    [{ logger: null }, /trace: logger .* received null/],
    [{ logger: {} }, /trace: logger .*info, warn.* received an object/],
    [{ logger: { info() {} } }, /trace: logger .* received an object/],
    [{ logger: console, level: "verbose" }, /trace: logger .*verbose, warn.* received an object/],
    [{ level: 30 }, /trace: level .* received 30/],
    [{ generateId: "id" }, /trace: generateId .* received "id"/],
    [{ traceparent: "00-" }, /trace: traceparent .* received "00-"/],
    [{ clock: {} }, /trace: clock .* received an object/],
    [{ label: "" }, /trace: label .* received ""/],
  ])("%o", (options, message) => {
    expect(() => trace(options as never)).toThrow(TypeError);
    expect(() => trace(options as never)).toThrow(message);
  });
});
