import type { OverloadedError } from "@sluice/core";
import { type Adds, events, middleware, type Service, ServiceBuilder } from "@sluice/core";
import { BufferClosedError } from "@sluice/buffer";
import { concurrencyLimit } from "@sluice/limit";
import { mockService } from "@sluice/testing";
import { TimeoutError } from "@sluice/timeout";
import { describe, expect, test } from "vitest";
import { answerFailures, toFetchHandler } from "../../src/index.ts";
import { ask, settle, told } from "../helper/web.ts";

class QuotaError extends Error {
  readonly code = "QUOTA";
}

function inside(layer = answerFailures({ QUOTA: (_error: QuotaError) => ({ status: 402 }) })) {
  const [inner, handle] = mockService<Request, Response, QuotaError | TimeoutError>();
  const service: Service<Request, Response, never> = new ServiceBuilder().layer(layer).service(inner);
  return { layer, handle, service };
}

describe("failures", () => {
  test("of the call are answered, and counted", async () => {
    const { layer, handle, service } = inside();
    for (const [error, status] of [
      [new QuotaError(), 402],
      [new TimeoutError("call", 1), 504],
      [new BufferClosedError(), 503],
    ] as const) {
      const answer = service.call(ask());
      (await handle.nextRequest()).fail(error);
      expect((await answer).status).toBe(status);
    }
    expect(layer.answered).toBe(3);
    expect(JSON.parse(JSON.stringify(layer))).toMatchObject({ name: "answerFailures", answered: 3 });
  });

  test("of readiness are answered, too", async () => {
    const { handle, service } = inside();
    for (const [error, status] of [
      [new QuotaError(), 402],
      [new BufferClosedError(), 503],
    ] as const) {
      handle.sendFailure(error);
      expect((await service.call(ask())).status).toBe(status);
      handle.sendFailure(error);
      expect((await (await service.ready()).call(ask())).status).toBe(status);
    }
  });

  test("that nobody declared pass as they are", async () => {
    const { layer, handle, service } = inside();
    const failure = new Error("down");
    const answer = service.call(ask());
    (await handle.nextRequest()).fail(failure);
    await expect(answer).rejects.toBe(failure);
    handle.sendFailure(failure);
    await expect(service.call(ask())).rejects.toBe(failure);
    handle.sendFailure(failure);
    await expect(service.ready()).rejects.toBe(failure);
    expect(layer.answered).toBe(0);
  });

  test("so does the reason that the caller's own signal was aborted with, also where it is a failure that is known", async () => {
    const { handle, service } = inside();
    const reason = new TimeoutError("call", 5);
    const abort = new AbortController();
    const answer = service.call(ask(), { signal: abort.signal });
    const { fail } = await handle.nextRequest();
    abort.abort(reason);
    fail(reason);
    await expect(answer).rejects.toBe(reason);
  });

  test("what an answer throws is the failure", async () => {
    const failure = new Error("broken answer");
    const { handle, service } = inside(
      answerFailures({
        QUOTA: (_error: QuotaError) => {
          throw failure;
        },
      }),
    );
    const answer = service.call(ask());
    (await handle.nextRequest()).fail(new QuotaError());
    await expect(answer).rejects.toBe(failure);
  });
});

describe("when the service inside is not ready", () => {
  test("the call is answered as refused, and the layers outside see the answer", async () => {
    const seen: number[] = [];
    const log = middleware("log", async (request: Request, next, options) => {
      const response = (await next(request, options)) as Response;
      seen.push(response.status);
      return response;
    });
    const service = new ServiceBuilder()
      .layer(log)
      .layer(
        answerFailures({
          ERR_SLUICE_OVERLOADED: ({ layer = "" }: OverloadedError) => ({ status: 503, detail: layer }),
        }),
      )
      .layer(concurrencyLimit(0))
      .serviceFn(async (_request: Request) => new Response());
    const response = await toFetchHandler(service)(ask());
    expect(await response.json()).toMatchObject({ detail: "concurrencyLimit" });
    expect(seen).toEqual([503]);
    const permit = await service.ready();
    expect((await permit.call(ask())).status).toBe(503);
  });

  test("with wait: true it waits in line", async () => {
    const { handle, service } = inside(
      answerFailures({ QUOTA: (_error: QuotaError) => ({ status: 402 }) }, { wait: true }),
    );
    handle.allow(0);
    expect(service.tryReady()).toBeUndefined();
    const answer = service.call(ask());
    await settle();
    expect(handle.waiting).toBe(1);
    handle.allow(1);
    (await handle.nextRequest()).respond(new Response("ok"));
    expect((await answer).status).toBe(200);
  });

  test("a permit that holds nothing may be released", () => {
    const { handle, layer, service } = inside();
    handle.allow(0);
    service.tryReady()?.release();
    expect(layer.answered).toBe(0);
  });
});

test("its time for refusals, and the class of its answers, are options", async () => {
  class Fast extends Response {}
  const { handle, service } = inside(
    answerFailures({ QUOTA: (_error: QuotaError) => ({ status: 402 }) }, { retryAfter: 9_000, Response: Fast }),
  );
  handle.allow(0);
  const response = await service.call(ask());
  expect(response).toBeInstanceOf(Fast);
  expect((await told(response)).retryAfter).toBe("9");
});

test("an answer is an event, with the status, the code and the label", async () => {
  const heard: unknown[] = [];
  const { handle, service } = inside(
    answerFailures({ QUOTA: (_error: QuotaError) => ({ status: 402 }) }, { label: "edge" }),
  );
  const subscription = events.subscribe((event) => heard.push(event));
  const answer = service.call(ask());
  (await handle.nextRequest()).fail(new QuotaError());
  await answer;
  subscription[Symbol.dispose]();
  expect(heard).toContainEqual(
    expect.objectContaining({ type: "answer", layer: "answerFailures", label: "edge", status: 402, code: "QUOTA" }),
  );
});

test("what it does not answer does not compile at an edge", () => {
  const own = middleware<Adds<QuotaError>>("own", (request, next, options) => next(request, options));
  const service = new ServiceBuilder()
    .layer(answerFailures())
    .layer(own)
    .serviceFn(async (_request: Request) => new Response());
  // @ts-expect-error QUOTA is left
  expect(() => toFetchHandler(service)).not.toThrow();
});
