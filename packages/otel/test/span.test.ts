import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { SamplingDecision } from "@opentelemetry/sdk-trace-base";
import { buffer } from "@sluice/buffer";
import { events, gate, type Layer, middleware, type Service, ServiceBuilder, serviceFn } from "@sluice/core";
import { hedge } from "@sluice/hedge";
import { concurrencyLimit } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import { exponentialBackoff, retry, retryPolicy } from "@sluice/retry";
import { deferred, failureOf, hops, turn, unhandledIn } from "@sluice/test-kit";
import { mockService, VirtualClock } from "@sluice/testing";
import { timeout } from "@sluice/timeout";
import { afterEach, describe, expect, test } from "vitest";
import { activeSpan, span } from "../src/index.ts";
import { complaints, type Traced, traceSdks } from "./helper/traced.ts";

class Failed extends Error {
  readonly code = "E503";
}

const again = (maxRetries = 4): Layer =>
  retry(retryPolicy({ maxRetries, backoff: exponentialBackoff({ base: 0, max: 0 }) }));

/** Fails so many times for each request, `"name 2"`, and says which span it ran in. */
function failing(ran: [request: string, spanId: string | undefined][] = []): Service<string, string, Failed> {
  const left = new Map<string, number>();
  return serviceFn<string, string, Failed>(async (request) => {
    ran.push([request, trace.getActiveSpan()?.spanContext().spanId]);
    await turn();
    const failures = left.get(request) ?? Number(request.split(" ")[1]);
    left.set(request, failures - 1);
    if (failures > 0) throw new Failed("card 4111 was declined");
    return request;
  });
}

/** Promise 19: every span that is begun is ended, once, on every path. */
function allIsEnded({ begun, ended }: Traced): void {
  expect(ended.map(({ name }) => name).sort()).toEqual(begun.map(({ name }) => name).sort());
  expect(complaints.splice(0)).toEqual([]);
}

describe.each(traceSdks)("with the SDK $version", (sdk) => {
  let traced: Traced;
  const begin = (...args: Parameters<typeof sdk.traced>) => {
    traced = sdk.traced(...args);
    return traced.tracer;
  };

  afterEach(() => {
    allIsEnded(traced);
  });

  test("a call has a span, which is the active one where it runs, and a child of the caller's", async () => {
    const tracer = begin();
    const ran: [string, string | undefined][] = [];
    const service = new ServiceBuilder().layer(span("order", { tracer })).service(failing(ran));
    await tracer.startActiveSpan("server", { kind: SpanKind.SERVER }, async (server) => {
      await service.call("a 0");
      server.end();
    });
    expect(traced.tree).toBe("server server\n  order");
    expect(ran).toEqual([["a 0", traced.span("order").spanContext().spanId]]);
    expect(trace.getActiveSpan()).toBeUndefined();
  });

  test("promise 20, 21: each attempt is a child of its own request's span, has its own number, and the handler runs in its context", async () => {
    const tracer = begin();
    const ran: [string, string | undefined][] = [];
    const service = new ServiceBuilder()
      .layer(span("order", { tracer, attributes: (request: string) => ({ request }) }))
      .layer(again())
      .layer(span("GET", { tracer, kind: "client" }))
      .layer(buffer({ capacity: 50 }))
      .layer(concurrencyLimit(1))
      .service(failing(ran));
    const requests = ["a 0", "b 1", "c 2", "d 3", "e 4", "f 2"];
    expect(await Promise.all(requests.map((request) => service.call(request)))).toEqual(requests);
    const orders = traced.begun.filter(({ name }) => name === "order");
    expect(orders.map(({ attributes, status }) => [attributes["request"], status.code])).toEqual(
      requests.map((request) => [request, SpanStatusCode.UNSET]),
    );
    for (const order of orders) {
      const request = String(order.attributes["request"]);
      const failures = Number(request.split(" ")[1]);
      const attempts = traced.begun.filter(
        ({ parentSpanContext }) => parentSpanContext?.spanId === order.spanContext().spanId,
      );
      expect(attempts.map(({ attributes, status, kind }) => [attributes, status.code, kind])).toEqual(
        Array.from({ length: failures + 1 }, (_, index) => [
          {
            ...(index > 0 ? { "sluice.attempt": index + 1, "http.request.resend_count": index } : {}),
            ...(index < failures ? { "error.type": "E503" } : {}),
          },
          index < failures ? SpanStatusCode.ERROR : SpanStatusCode.UNSET,
          SpanKind.CLIENT,
        ]),
      );
      expect(ran.filter(([of]) => of === request).map(([, id]) => id)).toEqual(
        attempts.map((attempt) => attempt.spanContext().spanId),
      );
    }
  });

  test("a wait is a span of its own, also that of a further attempt, and there is none where nobody waited", async () => {
    const tracer = begin();
    const limit = concurrencyLimit(1);
    const service = new ServiceBuilder()
      .layer(span("order", { tracer }))
      .layer(again())
      .layer(span("GET", { tracer, kind: "client" }))
      .layer(limit)
      .service(failing());
    await Promise.all([service.call("a 1"), service.call("b 0")]);
    expect(traced.tree).toBe(
      [
        "order",
        "  GET client error error.type=E503",
        "  GET client sluice.attempt=2 http.request.resend_count=1",
        "    GET ready",
        "order",
        "  GET client",
        "    GET ready",
        "  order ready",
      ].join("\n"),
    );
  });

  test("a span begins when somebody has to wait, and else at the call, however long the permit was held", async () => {
    const tracer = begin();
    const service = new ServiceBuilder().layer(span("order", { tracer })).service(failing());
    const permit = await service.ready();
    expect(traced.begun).toEqual([]);
    await permit.call("a 0");
    expect(traced.tree).toBe("order");
    (await service.ready()).release();
    service.tryReady()!.release();
    expect(traced.begun).toHaveLength(1);
  });

  test("of a permit for which somebody waited, and that is given back, the span ends with the event sluice.released", async () => {
    const tracer = begin();
    const [inner, handle] = mockService<string, string>();
    handle.allow(0);
    const service = new ServiceBuilder().layer(span("order", { tracer })).service(inner);
    const waiting = service.ready();
    handle.allow(1);
    (await waiting).release();
    expect(traced.tree).toBe("order (sluice.released)\n  order ready");
  });

  test("attributes are asked for when the request is known: also at the call, of who waited blindly", async () => {
    const tracer = begin();
    const [inner, handle] = mockService<string, string>();
    handle.allow(0);
    const service = new ServiceBuilder()
      .layer(span("order", { tracer, attributes: (request: string) => ({ request }) }))
      .service(inner);
    const waiting = service.ready();
    handle.allow(1);
    const answer = (await waiting).call("late");
    (await handle.nextRequest()).respond("ok");
    await answer;
    expect(traced.tree).toBe("order request=late\n  order ready");
    const none = new ServiceBuilder().layer(span("none", { tracer, attributes: () => undefined })).service(inner);
    const blind = none.ready();
    handle.allow(1);
    const late = (await blind).call("late");
    (await handle.nextRequest()).respond("ok");
    await late;
    expect(traced.span("none").attributes).toEqual({});
  });

  test("attributes are those of the request that is called, also where a layer outside has changed it after a wait", async () => {
    const tracer = begin();
    const [inner, handle] = mockService<string, string>();
    const asked: string[] = [];
    const attributes = (request: string) => {
      asked.push(request);
      return { request };
    };
    const service = new ServiceBuilder()
      .layer(middleware("signed", (request: string, next, options) => next(`${request}, signed`, options)))
      .layer(span("order", { tracer, attributes }))
      .service(inner);
    const answers: Promise<string>[] = [];
    for (const allowed of [1, 0]) {
      handle.allow(allowed);
      answers.push(service.call("a"));
    }
    handle.allow(1);
    for (let call = 0; call < 2; call++) (await handle.nextRequest()).respond("ok");
    await Promise.all(answers);
    expect(traced.tree).toBe("order request=a, signed\norder request=a, signed\n  order ready");
    // It is asked again only where the request is another one.
    expect(asked).toEqual(["a, signed", "a", "a, signed"]);
  });

  test("an abort with the signal's own reason is no error, in line and in flight; another failure after it is", async () => {
    const tracer = begin();
    const [inner, handle] = mockService<string, string>();
    const service = new ServiceBuilder().layer(span("order", { tracer })).service(inner);
    for (const allowed of [0, 1]) {
      handle.allow(allowed);
      const leaving = new AbortController();
      const left = failureOf(service.call("x", { signal: leaving.signal }));
      leaving.abort(new Failed("mine"));
      if (allowed > 0) (await handle.nextRequest()).fail(leaving.signal.reason);
      expect(await left).toBe(leaving.signal.reason);
    }
    handle.allow(1);
    const leaving = new AbortController();
    const failed = failureOf(service.call("x", { signal: leaving.signal }));
    leaving.abort();
    (await handle.nextRequest()).fail(new Failed("theirs"));
    await failed;
    expect(traced.tree).toBe(
      [
        "order sluice.outcome=aborted",
        "  order ready sluice.outcome=aborted",
        "order sluice.outcome=aborted",
        "order error error.type=E503",
      ].join("\n"),
    );
  });

  test("an attempt that is aborted because it took too long has failed, in line and in flight", async () => {
    const tracer = begin();
    const clock = new VirtualClock();
    const [inner, handle] = mockService<string, string>();
    const service = new ServiceBuilder()
      .layer(span("order", { tracer }))
      .layer(timeout({ total: 20, clock }))
      .layer(span("GET", { tracer, kind: "client" }))
      .service(inner);
    const inFlight = failureOf(service.call("x"));
    const request = await handle.nextRequest();
    await clock.advanceAsync(20);
    request.fail(await inFlight);
    handle.allow(0);
    const inLine = failureOf(service.call("x"));
    await clock.advanceAsync(20);
    await inLine;
    const failed = "error error.type=ERR_SLUICE_TIMEOUT";
    expect(traced.tree).toBe(
      [
        `order ${failed}`,
        `  GET client ${failed}`,
        `order ${failed}`,
        `  GET client ${failed}`,
        `    GET ready ${failed}`,
        `  order ready ${failed}`,
      ].join("\n"),
    );
  });

  test("an AbortError, as functions of Node.js reject with, is what its cause is: the caller's abort, or a timeout", async () => {
    const tracer = begin();
    const clock = new VirtualClock();
    const [inner, handle] = mockService<string, string>();
    const service = new ServiceBuilder()
      .layer(timeout({ call: 20, clock }))
      .layer(span("order", { tracer }))
      .service(inner);
    const aborted = (cause: unknown) => Object.assign(new Error("aborted", { cause }), { name: "AbortError" });
    const caller = new AbortController();
    const left = failureOf(service.call("x", { signal: caller.signal }));
    caller.abort(new Failed("mine"));
    (await handle.nextRequest()).fail(aborted(caller.signal.reason));
    await left;
    const late = failureOf(service.call("x"));
    const request = await handle.nextRequest();
    await clock.advanceAsync(20);
    request.fail(aborted(await late));
    await clock.advanceAsync(0);
    expect(traced.tree).toBe("order sluice.outcome=aborted\norder error error.type=AbortError");
  });

  test("a refusal is a failed span, with who refused; a failure of readiness too, at once and after a wait", async () => {
    const tracer = begin();
    const shed = new ServiceBuilder()
      .layer(span("order", { tracer }))
      .layer(loadShed())
      .layer(span("nobody asked here in earnest", { tracer }))
      .layer(concurrencyLimit(0))
      .service(failing());
    await failureOf(shed.call("a 0"));
    const open = Object.assign(new Error("open"), { code: "EOPEN" });
    const later = deferred<never>();
    const broken = new ServiceBuilder()
      .layer(span("broken", { tracer }))
      .layer(
        gate(
          {
            tryAcquire() {
              throw open;
            },
            acquire: () => Promise.reject(open),
          },
          { name: "breaker" },
        ),
      )
      .service(failing());
    await failureOf(broken.call("a 0"));
    const waits = new ServiceBuilder()
      .layer(span("waits", { tracer }))
      .layer(gate({ tryAcquire: () => undefined, acquire: () => later.promise }, { name: "door" }))
      .service(failing());
    const waiting = failureOf(waits.call("a 0"));
    later.reject(open);
    await waiting;
    expect(traced.tree).toBe(
      [
        "order error error.type=ERR_SLUICE_OVERLOADED sluice.layer=concurrencyLimit",
        "broken error error.type=EOPEN",
        "waits error error.type=EOPEN",
        "  waits ready error error.type=EOPEN",
      ].join("\n"),
    );
  });

  test("promise 22: no message of a failure is in a span, unless asked for", async () => {
    const tracer = begin();
    const service = (message: boolean) =>
      new ServiceBuilder().layer(span("order", { tracer, message })).service(failing());
    await failureOf(service(false).call("a 1"));
    expect(
      JSON.stringify(traced.ended.map(({ status, attributes, events: of }) => [status, attributes, of])),
    ).not.toContain("4111");
    await failureOf(service(true).call("a 1"));
    const { status, events: of } = traced.ended[1]!;
    expect(status).toEqual({ code: SpanStatusCode.ERROR, message: "card 4111 was declined" });
    expect(of.map(({ name, attributes }) => [name, attributes?.["exception.message"]])).toEqual([
      ["exception", "card 4111 was declined"],
    ]);
    const text = new ServiceBuilder()
      .layer(span("order", { tracer, message: true }))
      .serviceFn(() => Promise.reject("no error at all"));
    await failureOf(text.call("a"));
    expect(traced.ended[2]!.status.message).toBe("no error at all");
  });

  test("what waits in a span further in is a child of the one further out", async () => {
    const tracer = begin();
    const [inner, handle] = mockService<string, string>();
    handle.allow(0);
    const service = new ServiceBuilder()
      .layer(span("outer", { tracer }))
      .layer(span("inner", { tracer }))
      .service(inner);
    const answer = service.call("x");
    handle.allow(1);
    (await handle.nextRequest()).respond("ok");
    await answer;
    expect(traced.tree).toBe("outer\n  inner\n    inner ready\n  outer ready");
  });

  test("what others trace while readiness is asked for is inside the span, which begins for it", async () => {
    const tracer = begin();
    const seen: unknown[] = [];
    const [own, granted] = [{ cancel() {}, finish() {} }, deferred<{ cancel(): void; finish(): void }>()];
    const asking = gate(
      {
        tryAcquire: () => undefined,
        acquire() {
          const active = trace.getActiveSpan()!;
          active
            .setAttribute("a", 1)
            .setAttributes({ b: 2 })
            .addEvent("asked")
            .addLink({ context: active.spanContext() })
            .addLinks([])
            .updateName("renamed")
            .setStatus({ code: SpanStatusCode.OK });
          active.recordException("odd");
          seen.push(active.isRecording());
          tracer.startSpan("EVALSHA").end();
          return granted.promise;
        },
      },
      { name: "shared" },
    );
    const service = new ServiceBuilder().layer(span("order", { tracer })).layer(asking).service(failing());
    const answer = service.call("a 0");
    granted.resolve(own);
    await answer;
    expect(seen).toEqual([true]);
    expect(traced.tree).toBe("renamed ok a=1 b=2 (asked) (exception) (link)\n  EVALSHA\n  order ready");
  });

  test("a permit that is given back begins no span later, for who still has it as the active one", async () => {
    const tracer = begin();
    let later: (() => void) | undefined;
    const asking = gate(
      {
        tryAcquire() {
          const active = trace.getActiveSpan();
          later = () => void active?.setAttribute("late", true);
          return { cancel() {}, finish() {} };
        },
        acquire: () => Promise.reject(new Error("never asked")),
      },
      { name: "shared" },
    );
    const service = new ServiceBuilder().layer(span("order", { tracer })).layer(asking).service(failing());
    (await service.ready()).release();
    later!();
    expect(traced.begun).toEqual([]);
  });

  test("a span that somebody ends before its time harms nothing", async () => {
    const tracer = begin();
    const service = new ServiceBuilder()
      .layer(span("order", { tracer }))
      .layer(
        gate(
          {
            tryAcquire: () => undefined,
            async acquire() {
              trace.getActiveSpan()!.end();
              return { cancel() {}, finish() {} };
            },
          },
          { name: "rude" },
        ),
      )
      .service(failing());
    expect(await service.call("a 0")).toBe("a 0");
    // The SDK says so.
    expect(complaints.splice(0).length).toBeGreaterThan(0);
  });

  test("what is called through a client's span belongs to no attempt any more", async () => {
    const tracer = begin();
    const other = new ServiceBuilder().layer(span("other", { tracer, kind: "client" })).service(failing());
    let failures = 1;
    const service = new ServiceBuilder()
      .layer(again())
      .layer(span("attempt", { tracer }))
      .layer(span("GET", { tracer, kind: "client" }))
      .serviceFn(async () => {
        if (failures-- > 0) throw new Failed("once");
        return other.call("a 0");
      });
    await service.call("x");
    expect(traced.tree.split("\n").slice(2)).toEqual([
      "attempt sluice.attempt=2",
      "  GET client sluice.attempt=2 http.request.resend_count=1",
      "    other client",
    ]);
  });

  test("a hedge is a sibling of the attempt that is slow, with a link to it", async () => {
    const tracer = begin();
    const clock = new VirtualClock();
    const [inner, handle] = mockService<string, string>();
    const service = new ServiceBuilder()
      .layer(span("order", { tracer }))
      .layer(hedge({ delay: 20, clock }))
      .layer(span("GET", { tracer, kind: "client" }))
      .service(inner);
    const answer = service.call("x");
    const slow = await handle.nextRequest();
    await clock.advanceAsync(20);
    (await handle.nextRequest()).respond("hedged");
    expect(await answer).toBe("hedged");
    slow.fail(new Failed("lost"));
    await turn();
    expect(traced.tree).toBe(
      [
        "order",
        "  GET client error error.type=E503",
        "  GET client sluice.attempt=2 http.request.resend_count=1 (link)",
      ].join("\n"),
    );
    expect(traced.span("GET", 2).links[0]!.context).toEqual(traced.span("GET").spanContext());
  });

  test("of hedged calls that one span made at once none is linked: nobody knows to which", async () => {
    const tracer = begin();
    const clock = new VirtualClock();
    const [inner, handle] = mockService<string, string>();
    const service = new ServiceBuilder()
      .layer(hedge({ delay: 20, clock }))
      .layer(span("GET", { tracer }))
      .service(inner);
    await tracer.startActiveSpan("server", async (server) => {
      const answers = Promise.all([service.call("a"), service.call("b")]);
      await clock.advanceAsync(20);
      for (let each = 0; each < 4; each++) (await handle.nextRequest()).respond("ok");
      await answers;
      server.end();
    });
    expect(traced.tree).toBe("server\n  GET\n  GET\n  GET sluice.attempt=2\n  GET sluice.attempt=2");
  });

  test("a hedge without a span outside has no link, and is numbered all the same", async () => {
    const tracer = begin();
    const clock = new VirtualClock();
    const [inner, handle] = mockService<string, string>();
    const service = new ServiceBuilder()
      .layer(hedge({ delay: 20, clock }))
      .layer(span("GET", { tracer }))
      .service(inner);
    const answer = service.call("a");
    await clock.advanceAsync(20);
    for (let each = 0; each < 2; each++) (await handle.nextRequest()).respond("ok");
    await answer;
    expect(traced.tree).toBe("GET\nGET sluice.attempt=2");
  });

  test("it adds one microtask at the edge of a stack, and none for each further span", async () => {
    const tracer = begin();
    const one = new ServiceBuilder().layer(span("order", { tracer }));
    const four = one.layer(span("a", { tracer })).layer(span("b", { tracer })).layer(span("c", { tracer }));
    expect(await hops(one.serviceFn((n: number) => n).call(1))).toBeLessThanOrEqual(1);
    expect(await hops(four.serviceFn((n: number) => n).call(1))).toBeLessThanOrEqual(1);
  });

  test("a failure that the caller ignores is still reported, and one that is handled is not", async () => {
    const tracer = begin();
    const service = new ServiceBuilder().layer(span("order", { tracer })).service(failing());
    expect(await unhandledIn(async () => void service.call("a 1"))).toEqual([expect.any(Failed)]);
    expect(await unhandledIn(async () => void (await failureOf(service.call("b 1"))))).toEqual([]);
  });

  test("sampled out, nothing is recorded and the call is as it was", async () => {
    const tracer = begin({ shouldSample: () => ({ decision: SamplingDecision.NOT_RECORD }), toString: () => "off" });
    const service = new ServiceBuilder()
      .layer(span("order", { tracer }))
      .layer(again())
      .layer(span("GET", { tracer }))
      .layer(concurrencyLimit(1))
      .service(failing());
    expect(await Promise.all([service.call("a 2"), service.call("b 1")])).toEqual(["a 2", "b 1"]);
    expect(traced.begun).toEqual([]);
  });

  test("attributes, a sampler and a tracer that throw harm no call, and OpenTelemetry's diagnostics are told", async () => {
    const trap = (): never => {
      throw new Error("trap");
    };
    const odd = {
      startSpan: () => ({
        ...trace.wrapSpanContext({ traceId: "1".repeat(32), spanId: "1".repeat(16), traceFlags: 1 }),
        spanContext: () => ({ traceId: "1".repeat(32), spanId: "1".repeat(16), traceFlags: 1 }),
        setAttribute: trap,
        end: trap,
      }),
    };
    const sampler = { shouldSample: trap, toString: () => "trap" };
    const tracers = [begin(), { startSpan: trap }, odd, sdk.traced(sampler).tracer];
    for (const tracer of tracers) {
      const service = new ServiceBuilder()
        .layer(span("order", { tracer: tracer as never, attributes: trap, message: true }))
        .layer(concurrencyLimit(1))
        .service(failing());
      const both = await Promise.allSettled([service.call("a 0"), service.call("b 1"), service.call("c 0")]);
      expect(both.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
      expect(complaints.splice(0).every((words) => words.includes("@sluice/otel"))).toBe(true);
    }
  });

  test("attributes and a sampler that ask for the active span while it is being made get one that does nothing", async () => {
    const ask = (): void => void trace.getActiveSpan()?.setAttribute("early", true);
    const tracer = begin({
      shouldSample() {
        ask();
        return { decision: SamplingDecision.RECORD_AND_SAMPLED };
      },
      toString: () => "asks",
    });
    const attributes = () => {
      ask();
      return { late: true };
    };
    const service = new ServiceBuilder()
      .layer(span("outer", { tracer, attributes }))
      .layer(span("inner", { tracer, attributes }))
      .layer(concurrencyLimit(1))
      .service(failing());
    await Promise.all([service.call("a 0"), service.call("b 0")]);
    const both = ["outer late=true early=true", "  inner late=true"];
    expect(traced.tree).toBe([...both, ...both, "    inner ready", "  outer ready"].join("\n"));
  });

  test("activeSpan has the ids of the span that is active, and undefined outside of any", async () => {
    const tracer = begin();
    let seen: unknown;
    const service = new ServiceBuilder().layer(span("order", { tracer })).serviceFn(() => {
      seen = activeSpan();
    });
    await service.call(1);
    expect(seen).toEqual(traced.span("order").spanContext());
    expect(activeSpan()).toBeUndefined();
    expect(
      context.with(trace.setSpan(context.active(), trace.wrapSpanContext({ ...invalid })), activeSpan),
    ).toBeUndefined();
  });

  test("work that goes on after the answer keeps it open no longer than the answer", async () => {
    const tracer = begin();
    const work = deferred();
    const hurried = middleware("hurried", (_request, _next, { waitUntil }) => {
      waitUntil?.(work.promise);
      return "early";
    });
    const handed: unknown[] = [];
    const service = new ServiceBuilder().layer(span("order", { tracer })).layer(hurried).service(failing());
    await service.call("a 0", { waitUntil: (each) => handed.push(each) });
    expect(traced.ended).toHaveLength(1);
    expect(handed).toEqual([work.promise]);
    work.resolve();
  });
});

const invalid = { traceId: "0".repeat(32), spanId: "0".repeat(16), traceFlags: 0 };

describe("promise 23: without an SDK", () => {
  test("nothing is made, nothing throws, and the call is as it was", async () => {
    const service = new ServiceBuilder()
      .layer(span("order", { message: true, attributes: () => ({}) }))
      .layer(concurrencyLimit(1))
      .service(failing());
    const outcomes = await Promise.allSettled([service.call("a 0"), service.call("b 1"), service.call("c 0")]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(activeSpan()).toBeUndefined();
    expect(complaints.splice(0)).toEqual([]);
  });
});

test("however many spans there are, one provider carries attempts", () => {
  expect(events.carrying).toBe(true);
  const nested = events.within({ type: "attempt", layer: "retry", source: {}, attempt: 2 }, () => "once");
  expect(nested).toBe("once");
});

test("it says of itself what it is called", () => {
  expect(span("GET", { kind: "client" }).about).toEqual({
    label: "GET",
    traits: ["observes"],
    facts: { kind: "client" },
  });
});

test.each([
  ["", undefined, TypeError, /name/],
  ["GET", { kind: "CLIENT" as "client" }, RangeError, /kind .* "CLIENT"/],
  ["GET", { tracer: {} as never }, TypeError, /tracer/],
  ["GET", { attributes: {} as never }, TypeError, /attributes/],
  ["GET", { message: "yes" as never }, TypeError, /message .* "yes"/],
  ["GET", { messages: true } as never, TypeError, /messages is not an option/],
] as const)("span(%j, %o) is refused", (name, options, kind, message) => {
  expect(() => span(name, options)).toThrow(kind);
  expect(() => span(name, options)).toThrow(message);
});
