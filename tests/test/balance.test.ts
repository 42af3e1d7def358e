import { type Service, ServiceBuilder, serviceFn } from "@sluice/core";
import { balance } from "@sluice/balance";
import { describe as describeStack } from "@sluice/describe";
import { hedge } from "@sluice/hedge";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { isOverloadedError, loadShed } from "@sluice/load-shed";
import { retry, retryBudget, retryPolicy } from "@sluice/retry";
import { unhandledIn } from "@sluice/test-kit";
import { VirtualClock } from "@sluice/testing";
import { timeout } from "@sluice/timeout";
import { expect, test } from "vitest";

interface Ask {
  readonly user: string;
}

/** Servers with given latencies in ms, and the requests that each got. */
function servers(clock: VirtualClock, takes: readonly number[]) {
  const asked = takes.map(() => 0);
  const endpoints = takes.map((ms, nth): [number, Service<Ask, number>] => [
    nth,
    new ServiceBuilder().layer(concurrencyLimit(10)).serviceFn((_ask: Ask, { signal }) => {
      asked[nth]!++;
      return new Promise<number>((resolve, reject) => {
        const timer = clock.setTimeout(() => resolve(nth), ms);
        signal?.addEventListener("abort", () => {
          clock.clearTimeout(timer);
          reject(signal.reason as Error);
        });
      });
    }),
  ]);
  return { asked, endpoints };
}

test("a hedge outside goes to another endpoint with avoidRepeats, and its loser is let go there", async () => {
  const clock = new VirtualClock();
  const { asked, endpoints } = servers(clock, [1_000, 1_000, 10]);
  // A load that makes the slow ones the first choice.
  const load = ({ key }: { readonly key: unknown }): number => (key === 2 ? 1 : 0);
  const users = balance({ endpoints, load, avoidRepeats: true, clock });
  const service = new ServiceBuilder().layer(hedge({ delay: 50, attempts: 3, clock })).service(users);
  const answers: number[] = [];
  for (let call = 0; call < 10; call++) {
    service.call({ user: "ann" }).then(
      (server) => answers.push(server),
      () => {},
    );
    for (let ms = 0; ms < 200; ms += 10) await clock.advance(10);
  }
  // Two attempts go to slow servers, the third to the fast one.
  expect(answers).toEqual(Array.from({ length: 10 }, () => 2));
  expect(asked[2]).toBe(10);
  expect(users).toMatchObject({ pending: 0, waiting: 0 });
});

test("a retry outside goes to another endpoint, until the one that fails is ejected", async () => {
  const clock = new VirtualClock();
  const down = new Error("down");
  const asked = [0, 0, 0];
  const users = balance({
    endpoints: asked.map((_, nth) => [
      nth,
      serviceFn((_ask: Ask) => {
        asked[nth]!++;
        if (nth === 0) throw down;
        return nth;
      }),
    ]),
    outliers: { consecutive: 3 },
    avoidRepeats: true,
    clock,
  });
  const backoff = { next: () => ({ delay: 1, state: undefined }) };
  const service = new ServiceBuilder().layer(retry(retryPolicy({ maxRetries: 1, backoff }), { clock })).service(users);
  let failed = 0;
  for (let call = 0; call < 60; call++) {
    service.call({ user: "ann" }).catch(() => failed++);
    await clock.advance(1);
    await clock.advance(1);
  }
  expect(failed).toBe(0);
  expect(asked[0]).toBe(3);
});

test("loadShed outside refuses where no endpoint has room, with the least time after which one may", async () => {
  const clock = new VirtualClock();
  const limited = [1_000, 300].map((interval): [number, Service<string, string>] => [
    interval,
    new ServiceBuilder().layer(rateLimit({ limit: 1, interval, clock })).serviceFn((request: string) => request),
  ]);
  const service = new ServiceBuilder().layer(loadShed()).service(balance({ endpoints: limited, clock }));
  expect(await service.call("a")).toBe("a");
  expect(await service.call("b")).toBe("b");
  const refused: unknown = await service.call("c").catch((error: unknown) => error);
  expect(isOverloadedError(refused) && refused).toMatchObject({ layer: "rateLimit", reason: "rate", retryAfter: 300 });
});

test("a timeout inside an endpoint is its failure, and the work goes on to count there, so that the endpoint is the last to be asked", async () => {
  const clock = new VirtualClock();
  const hung = (): Promise<string> => new Promise(() => {});
  const users = balance({
    endpoints: [
      [
        "hung",
        new ServiceBuilder()
          .layer(concurrencyLimit(5))
          .layer(timeout({ call: 100, clock }))
          .serviceFn(hung),
      ],
      ["good", serviceFn(() => "hello")],
    ],
    outliers: { consecutive: 1, base: 1_000 },
    clock,
  });
  const failures: unknown[] = [];
  for (let call = 0; call < 40; call++) {
    users.call(undefined as never).catch((error: unknown) => failures.push(error));
    await clock.advance(100);
  }
  expect(users.endpoints[0]).toMatchObject({ ejections: 1, pending: 1 });
  // For four seconds, three of which it was in use again.
  expect(failures).toHaveLength(1);
});

test("a failure that is ignored is reported as unhandled, and one that is handled is not", async () => {
  const down = new Error("down");
  const users = balance({
    endpoints: [
      [
        "a",
        serviceFn(() => {
          throw down;
        }),
      ],
    ],
    outliers: {},
  });
  expect(await unhandledIn(() => void users.call(undefined as never))).toEqual([down]);
  expect(await unhandledIn(() => users.call(undefined as never).catch(() => {}))).toEqual([]);
});

test("describe shows the endpoints, and finds nothing wrong with the order that docs/order.md names", () => {
  const inside = (): Service<string, string> =>
    new ServiceBuilder()
      .layer(concurrencyLimit(10))
      .layer(timeout(100))
      .serviceFn((request: string) => request);
  const users = balance({ endpoints: ["a", "b"].map((key) => [key, inside()]), label: "users" });
  const service = new ServiceBuilder()
    .layer(loadShed())
    .layer(timeout({ total: 1_000 }))
    .layer(retry(retryPolicy({ maxRetries: 1, budget: retryBudget() })))
    .service(users);
  const { warnings } = describeStack(service);
  expect(warnings).toEqual([]);
  expect(String(describeStack(service))).toContain("balance");
});
