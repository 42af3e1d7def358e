import { buffer } from "@sluice/buffer";
import { events, type Service, ServiceBuilder, serviceFn } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import { exponentialBackoff, retry, retryPolicy } from "@sluice/retry";
import { turn } from "@sluice/test-kit";
import { routingTable } from "@sluice/util-box";
import pino, { type DestinationStream, type LoggerOptions } from "pino";
import { describe, expect, test, vi } from "vitest";
import { currentRequestId, currentTraceparent, type SpanIds, trace } from "../src/index.ts";

type Line = Readonly<Record<string, unknown>>;

/** The real pino, and the lines that it wrote. */
function logged(options: LoggerOptions = {}) {
  const lines: Line[] = [];
  const stream: DestinationStream = { write: (line: string) => void lines.push(JSON.parse(line) as Line) };
  return { lines, logger: pino({ base: null, timestamp: false, ...options }, stream) };
}

/** The words of the lines of one request, in the order in which they were written. */
function storyOf(lines: readonly Line[], id: string): readonly unknown[] {
  return lines.filter(({ requestId }) => requestId === id).map(({ msg }) => msg);
}

interface Order {
  readonly id: string;
  readonly route: "fares" | "quotes";
  /** How many attempts fail. */
  readonly fails: number;
}

describe("with the real pino", () => {
  test("a request's whole story is found by its id, across a buffer, retries and routes, however many there are at once", async () => {
    // What is logged anywhere below has the id, without anybody handing a logger down.
    const { lines, logger } = logged({ mixin: () => ({ requestId: currentRequestId() }) });
    const failed = new Map<string, number>();
    const route = (name: string) =>
      new ServiceBuilder().layer(concurrencyLimit(1)).serviceFn(async ({ id, fails }: Order) => {
        logger.info(`${name} asked`);
        await turn();
        const before = failed.get(id) ?? 0;
        failed.set(id, before + 1);
        if (before < fails) throw Object.assign(new Error("down"), { code: "E503" });
        return `${name} ${id}`;
      });
    const service = new ServiceBuilder()
      .layer(trace({ logger, requestId: ({ id }: Order) => id }))
      .layer(loadShed())
      .layer(buffer({ capacity: 10 }))
      .layer(retry(retryPolicy({ maxRetries: 3, backoff: exponentialBackoff({ base: 0, max: 0 }) })))
      .service(
        routingTable({
          key: (order: Order) => order.route,
          routes: new Map<string, Service<Order, string>>([
            ["fares", route("fares")],
            ["quotes", route("quotes")],
          ]),
        }),
      );
    // What layers announce is logged in the context of the caller that it is about.
    const told = events.subscribe(({ type, attempt }) => logger.info(`${type} ${String(attempt)}`));
    const orders: Order[] = [
      { id: "a", route: "fares", fails: 0 },
      { id: "b", route: "fares", fails: 2 },
      { id: "c", route: "quotes", fails: 1 },
      { id: "d", route: "quotes", fails: 9 },
    ];
    await Promise.allSettled(orders.map((order) => service.call(order)));
    told[Symbol.dispose]();
    expect(storyOf(lines, "a")).toEqual(["request started", "fares asked", "request completed"]);
    expect(storyOf(lines, "b")).toEqual([
      "request started",
      "fares asked",
      "retry 2",
      "fares asked",
      "retry 3",
      "fares asked",
      "request completed",
    ]);
    expect(storyOf(lines, "c")).toEqual([
      "request started",
      "quotes asked",
      "retry 2",
      "quotes asked",
      "request completed",
    ]);
    expect(storyOf(lines, "d").slice(-3)).toEqual(["quotes asked", "retry-denied 5", "request failed"]);
    // Nothing belongs to nobody.
    expect(lines.every(({ requestId }) => orders.some(({ id }) => id === requestId))).toBe(true);
    const ids = (id: string): unknown[] => lines.filter((line) => line["requestId"] === id && "traceId" in line);
    expect(new Set(ids("b").map((line) => (line as Line)["traceId"])).size).toBe(1);
  });

  test("what must not be logged of a failure is redacted by its path", async () => {
    const { lines, logger } = logged({
      redact: { paths: ["err.config.headers.authorization", "err.card"], censor: "[redacted]" },
    });
    const failure = Object.assign(new Error("down"), {
      card: "4111",
      config: { headers: { authorization: "Bearer secret", accept: "*/*" } },
    });
    const service = new ServiceBuilder().layer(trace({ logger })).serviceFn(() => Promise.reject(failure));
    await expect(service.call(1)).rejects.toBe(failure);
    expect(lines.at(-1)).toMatchObject({
      msg: "request failed",
      err: { card: "[redacted]", config: { headers: { authorization: "[redacted]", accept: "*/*" } } },
    });
    expect(JSON.stringify(lines)).not.toMatch(/4111|secret/);
    // The failure itself is the caller's, and whole.
    expect(failure.card).toBe("4111");
  });

  test("sampled by the id, a request has all of its lines or none, and failures are written of all", async () => {
    const { lines, logger } = logged();
    const kept = (id: string): boolean => id.charCodeAt(0) % 2 === 0;
    const sampled = {
      // As pino: the fields first.
      child: () => logger,
      isLevelEnabled: (level: string) => logger.isLevelEnabled(level),
      info: (fields: { requestId: string }, message: string) => {
        if (kept(fields.requestId)) logger.info(fields, message);
      },
      warn: logger.warn.bind(logger),
    };
    const service = new ServiceBuilder()
      .layer(trace({ logger: sampled, requestId: (id: string) => id }))
      .serviceFn(async (id: string) => {
        await turn();
        if (id === "e") throw new Error("down");
        return id;
      });
    await Promise.allSettled(["a", "b", "c", "d", "e"].map((id) => service.call(id)));
    const both = ["request started", "request completed"];
    expect(["a", "b", "c", "d", "e"].map((id) => storyOf(lines, id))).toEqual([[], both, [], both, ["request failed"]]);
  });

  test("at a level that is off no fields are made: neither ids nor times are asked for", async () => {
    const { lines, logger } = logged({ level: "error" });
    const uuid = vi.spyOn(crypto, "randomUUID");
    const span = vi.fn<() => undefined>();
    const service = new ServiceBuilder()
      .layer(trace({ logger, requestId: (id: string) => id, span }))
      .serviceFn((id: string) => id);
    await service.call("a");
    expect(lines).toEqual([]);
    expect(uuid).not.toHaveBeenCalled();
    expect(span).not.toHaveBeenCalled();
    uuid.mockRestore();
  });
});

describe("span: the ids of somebody else's span", () => {
  const ids = (last: string, traceFlags?: number): SpanIds => ({
    traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
    spanId: `00f067aa0ba902b${last}`,
    ...(traceFlags === undefined ? {} : { traceFlags }),
  });

  /** What is written, and what `currentTraceparent` says in the call. */
  async function called(span: () => SpanIds | null | undefined, within = false) {
    const { lines, logger } = logged();
    const seen: (string | undefined)[] = [];
    const handler = serviceFn(() => {
      seen.push(currentTraceparent(), currentTraceparent());
    });
    const inner = within ? trace({ logger }).wrap(handler) : handler;
    const service = trace({
      logger,
      span,
      traceparent: () => "00-11111111111111111111111111111111-2222222222222222-01",
    }).wrap(inner as never);
    await (service as { call(request: unknown): Promise<unknown> }).call(1);
    return { lines, seen };
  }

  test("lines have them, and currentTraceparent those of the span that is active when it is asked", async () => {
    let active = 0;
    const { lines, seen } = await called(() => ids(String(active++), 1));
    expect(lines.map(({ traceId, spanId }) => [traceId, spanId])).toEqual([
      [ids("0").traceId, ids("0").spanId],
      [ids("3").traceId, ids("3").spanId],
    ]);
    // Whose child it is, the tracing backend knows.
    expect(lines.every((line) => !("parentSpanId" in line))).toBe(true);
    expect(seen).toEqual([
      `00-${ids("1").traceId}-${ids("1").spanId}-01`,
      `00-${ids("2").traceId}-${ids("2").spanId}-01`,
    ]);
  });

  test("a trace further in is a child of the active span, in the same trace", async () => {
    const { lines } = await called(() => ids("7"), true);
    expect(new Set(lines.map(({ traceId }) => traceId))).toEqual(new Set([ids("7").traceId]));
    expect(lines[1]!["parentSpanId"]).toBe(ids("7").spanId);
  });

  test("where the span has ended by the time of the last line, the trace is still the same", async () => {
    const left = [ids("7"), ids("7"), ids("7")];
    const { lines } = await called(() => left.shift());
    expect(lines.map(({ traceId }) => traceId)).toEqual([ids("7").traceId, ids("7").traceId]);
  });

  test.each<[string, () => SpanIds | null | undefined]>([
    ["there is none", () => undefined],
    ["it is null", () => null],
    ["it is invalid", () => ({ traceId: "0".repeat(32), spanId: "0".repeat(16) })],
    ["it is no id", () => ({ traceId: 1, spanId: 2 }) as never],
    [
      "it throws",
      () => {
        throw new Error("trap");
      },
    ],
  ])("the traceparent that came with the request stands, where %s", async (_why, span) => {
    const { lines } = await called(span);
    expect(lines.map(({ traceId, parentSpanId }) => [traceId, parentSpanId])).toEqual([
      ["1".repeat(32), "2".repeat(16)],
      ["1".repeat(32), "2".repeat(16)],
    ]);
  });

  test("what is no function is refused", () => {
    expect(() => trace({ span: {} as never })).toThrow("trace: span must be a function; received an object");
  });
});
