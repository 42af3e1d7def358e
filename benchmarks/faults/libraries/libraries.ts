import type { Library } from "../library.ts";
import { asyncCacheDedupe } from "./async-cache-dedupe.ts";
import { asyncSema } from "./async-sema.ts";
import { bottleneck } from "./bottleneck.ts";
import { cockatiel } from "./cockatiel.ts";
import { effect } from "./effect.ts";
import { lruCache } from "./lru-cache.ts";
import { mollitia } from "./mollitia.ts";
import { opossum } from "./opossum.ts";
import { pLimit } from "./p-limit.ts";
import { pMemoize } from "./p-memoize.ts";
import { pQueue } from "./p-queue.ts";
import { pRetry } from "./p-retry.ts";
import { pTimeout } from "./p-timeout.ts";
import { rateLimiterFlexible } from "./rate-limiter-flexible.ts";
import { sluice } from "./sluice.ts";

/** All libraries, in the order of the columns. */
export const libraries: readonly Library[] = [
  sluice,
  cockatiel,
  opossum,
  pLimit,
  pQueue,
  pRetry,
  pTimeout,
  bottleneck,
  asyncSema,
  mollitia,
  effect,
  asyncCacheDedupe,
  pMemoize,
  lruCache,
  rateLimiterFlexible,
];
