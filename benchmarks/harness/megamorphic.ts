import { buffer } from "@sluice/buffer";
import { type AnyLayer, type Service, serviceFn } from "@sluice/core";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import { retry, retryPolicy } from "@sluice/retry";
import { timeout } from "@sluice/timeout";
import { trace } from "@sluice/trace";
import { mapFailure, mapRequest, mapResponse, recover } from "@sluice/util";

const makers: readonly (() => AnyLayer)[] = [
  () => loadShed(),
  () => rateLimit({ limit: 1e9, interval: 1_000, algorithm: "token-bucket" }),
  () => rateLimit({ limit: 1_000, interval: 1, algorithm: "fixed-window" }),
  () => concurrencyLimit(10),
  () => retry(retryPolicy({ maxRetries: 3 })),
  () => timeout(1_000),
  () => timeout({ total: 1_000 }),
  () => buffer({ capacity: 10 }),
  () => trace(),
  () => mapRequest((request: number) => request + 1),
  () => mapResponse((response: number) => response + 1),
  () => mapFailure((failure) => failure),
  () => recover(RangeError, () => 0),
];

/**
 * What a large process is like: forty stacks of one to seven layers, in all orders, in front of differing work, some of which
 * fails. After it, no call site in the library sees only one kind of layer.
 */
export async function megamorphic(): Promise<void> {
  const works: readonly ((request: number) => unknown)[] = [
    async (request: number): Promise<number> => request,
    (request: number): number => request,
    async (request: number): Promise<string> => `${request}`,
    async (request: number): Promise<object> => ({ request }),
  ];
  const stacks = Array.from({ length: 40 }, (_, stack) => {
    let service: Service<number, unknown> = serviceFn(works[stack % works.length]!);
    for (let depth = 0; depth <= stack % 7; depth++) {
      const layer = makers[(stack * 5 + depth * (1 + (stack % 3))) % makers.length]!();
      service = layer.wrap(service as never) as Service<number, unknown>;
    }
    return service;
  });
  for (let round = 0; round < 500; round++) {
    for (const stack of stacks) await stack.call(round).catch(() => undefined);
  }
}
