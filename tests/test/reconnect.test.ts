import { isOverloadedError, serviceFn, ServiceBuilder } from "@sluice/core";
import { circuitBreaker } from "@sluice/circuit-breaker";
import { loadShed } from "@sluice/load-shed";
import { reconnect } from "@sluice/reconnect";
import { retry, retryPolicy } from "@sluice/retry";
import { VirtualClock } from "@sluice/testing";
import { isTimeoutError, timeout } from "@sluice/timeout";
import { expect, test } from "vitest";

const down = new Error("connection refused");
const echo = serviceFn((text: string) => text);
const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

test("loadShed outside of reconnect refuses at once, and does not keep it closed for ever", async () => {
  const clock = new VirtualClock();
  const service = new ServiceBuilder().layer(loadShed()).service(reconnect(() => Promise.resolve(echo), { clock }));
  const refused = await failureOf(service.call("first"));
  expect(isOverloadedError(refused) && refused.layer).toBe("reconnect");
  await clock.advance(0);
  expect(await service.call("second")).toBe("second");
});

test("loadShed outside of reconnect says how long the backoff lasts", async () => {
  const clock = new VirtualClock();
  const db = reconnect(() => Promise.reject<typeof echo>(down), {
    backoff: { next: () => ({ delay: 300, state: undefined }) },
    label: "db",
    clock,
  });
  const service = new ServiceBuilder().layer(loadShed()).service(db);
  expect(await failureOf(db.call("first"))).toBe(down);
  await clock.advance(100);
  expect(await failureOf(service.call("second"))).toMatchObject({
    layer: "reconnect",
    label: "db",
    reason: "connection",
    retryAfter: 200,
  });
});

test("retry and a circuit breaker outside of reconnect leave attempts that fail alone", async () => {
  const clock = new VirtualClock();
  const db = reconnect(() => Promise.reject<typeof echo>(down), { clock });
  const breaker = circuitBreaker({ consecutive: 1, clock });
  const service = new ServiceBuilder()
    .layer(retry(retryPolicy({ maxRetries: 3 }), { clock }))
    .layer(breaker)
    .service(db);
  expect(await failureOf(service.call("a"))).toBe(down);
  expect(db.attempts).toBe(1);
  expect(breaker.state).toBe("closed");
});

test("a timeout outside of reconnect bounds the wait for a connection, and the attempt goes on for the next", async () => {
  const clock = new VirtualClock();
  const db = reconnect(
    () =>
      new Promise<typeof echo>((resolve) => {
        clock.setTimeout(() => resolve(echo), 500);
      }),
    { clock },
  );
  const service = new ServiceBuilder().layer(timeout({ ready: 100, clock })).service(db);
  const first = failureOf(service.call("first"));
  await clock.advance(100);
  expect(isTimeoutError(await first)).toBe(true);
  await clock.advance(399);
  expect(db.tryReady("second")).toBeUndefined();
  const second = service.call("second");
  await clock.advance(1);
  expect(await second).toBe("second");
  expect(db.attempts).toBe(1);
  expect(clock.next).toBeUndefined();
});
