import { type AnyLayer, ServiceBuilder, type Service } from "@sluice/core";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import { exponentialBackoff, retry, retryPolicy } from "@sluice/retry";
import { timeout } from "@sluice/timeout";
import { fused } from "./fused.ts";
import { strictFused } from "./strict-fused.ts";
import { limitByHand } from "./limit.ts";
import { rateByHand } from "./rate.ts";
import { retryByHand } from "./retry.ts";
import { timeoutByHand } from "./timeout.ts";
import type { Work } from "./work.ts";

/** The options of all variants that shed, rate, limit, retry and time out. */
const limit = 1e9;
const interval = 1_000;
const maxRetries = 3;
const base = 100;
const cap = 10_000;

/** Options that a question may change. */
export interface StackOptions {
  /** The limit; default 10. */
  readonly max?: number;
  /** The timeout of each attempt, in milliseconds; default 1,000. */
  readonly ms?: number;
  /** Layers around the five. */
  readonly outside?: readonly AnyLayer[];
}

/** The composed stack of five layers. */
export function layered(work: Work<number, unknown>, options: StackOptions = {}): Service<number, unknown> {
  const { max = 10, ms = 1_000, outside = [] } = options;
  const stack = new ServiceBuilder()
    .layer(loadShed())
    .layer(rateLimit({ limit, interval, algorithm: "token-bucket" }))
    .layer(concurrencyLimit(max))
    .layer(retry(retryPolicy({ maxRetries, backoff: exponentialBackoff({ base, max: cap }) })))
    .layer(timeout(ms))
    .serviceFn((request: number) => work(request));
  return outside.reduceRight<Service<number, unknown>>((inner, layer) => layer.wrap(inner as never) as never, stack);
}

export function fusedStack(
  work: Work<number, unknown>,
  { max = 10, ms = 1_000 }: StackOptions = {},
): Work<number, unknown> {
  return fused(work, { max, limit, interval, maxRetries, base, cap, ms });
}

/** The same, and it keeps the promises that the layers keep. */
export function strictFusedStack(work: Work<number, unknown>): Work<number, unknown> {
  return strictFused(work, { max: 10, limit, interval, maxRetries, base, cap, ms: 1_000 });
}

/** The same, made of small functions, each around the next. */
export function closures(work: Work<number, unknown>): Work<number, unknown> {
  const retried = retryByHand(timeoutByHand(work, 1_000), { maxRetries, base, max: cap });
  return rateByHand(limitByHand(retried, 10), limit, interval);
}

/** The same as common middleware: an `async` function for each layer, a timer for each call. */
export function asyncFunctions(work: Work<number, unknown>): Work<number, unknown> {
  let active = 0;
  const timed: typeof work = async (request) => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Error("too late"));
      }, 1_000);
    });
    try {
      return await Promise.race([work(request), late]);
    } finally {
      clearTimeout(timer);
    }
  };
  const retried: typeof work = async (request) => {
    for (let retries = 0; ; retries++) {
      try {
        return await timed(request);
      } catch (error) {
        if (retries === maxRetries) throw error;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(cap, base * 2 ** retries)));
      }
    }
  };
  const limited: typeof work = async (request) => {
    if (active >= 10) throw new Error("full");
    active++;
    try {
      return await retried(request);
    } finally {
      active--;
    }
  };
  return rateByHand(limited, limit, interval);
}
