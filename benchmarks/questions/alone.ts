import { buffer } from "@sluice/buffer";
import { type AnyLayer, middleware, type Service, serviceFn, systemClock } from "@sluice/core";
import { everyLayer } from "@sluice/test-kit";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import { retry, retryPolicy } from "@sluice/retry";
import { timeout } from "@sluice/timeout";
import { trace } from "@sluice/trace";
import { mapRequest, mapResponse } from "@sluice/util";
import { answer, oneByOne } from "../harness/calls.ts";
import { type Goal, perCall, type Question, type Variant } from "../harness/question.ts";
import * as peers from "../peers/peers.ts";
import { limitByHand, silentLimitByHand, timedLimitByHand } from "../references/limit.ts";
import { rateByHand } from "../references/rate.ts";
import { retryByHand } from "../references/retry.ts";
import { timeoutByHand, timerByHand } from "../references/timeout.ts";
import { traceByHand } from "../references/trace.ts";

const bare: Variant = oneByOne("bare", "bare", () => answer);

function layered(name: string, make: () => AnyLayer, options?: { readonly mixed: boolean }): Variant {
  const call = () => {
    const service = make().wrap(serviceFn(answer) as never) as Service<number, number>;
    return (request: number) => service.call(request);
  };
  return oneByOne(name, "sluice", call, options);
}

/** Monomorphic, and in a process with many stacks. */
function bothWays(name: string, make: () => AnyLayer): Variant[] {
  return [layered(name, make), layered(`${name}, megamorphic`, make, { mixed: true })];
}

const token = { ...peers.highRate, algorithm: "token-bucket" } as const;

/** At most `most` times the hand-written code, faster than every peer, and at most one hop. */
function goals(of: string, hand: string, most: number, others: readonly Variant[]): Goal[] {
  return [
    { of, figure: "ns", to: hand, most },
    ...others.map((peer) => ({ of, figure: "ns", to: peer.name, most: 1 })),
    { of, figure: "hops", most: 1 },
  ];
}

const limits = [
  oneByOne("async-sema", "peer", () => peers.asyncSema(answer)),
  oneByOne("fastq", "peer", () => peers.fastq(answer)),
  oneByOne("cockatiel bulkhead", "peer", () => peers.cockatiel(answer, "bulkhead")),
  oneByOne("p-limit", "peer", () => peers.pLimit(answer)),
];
const rates = [
  oneByOne("p-throttle", "peer", () => peers.pThrottle(answer)),
  oneByOne("rate-limiter-flexible", "peer", () => peers.rateLimiterFlexible(answer)),
  oneByOne("limiter", "peer", () => peers.limiter(answer)),
];
const retries = [
  oneByOne("cockatiel retry", "peer", () => peers.cockatiel(answer, "retry")),
  oneByOne("p-retry", "peer", () => peers.pRetry(answer)),
];
const timeouts = [
  oneByOne("p-timeout, no message", "peer", () => peers.pTimeout(answer, { message: false })),
  oneByOne("p-timeout", "peer", () => peers.pTimeout(answer)),
  oneByOne("opossum", "peer", () => peers.opossum(answer)),
  oneByOne("mollitia timeout", "peer", () => peers.mollitia(answer, "timeout")),
  oneByOne("cockatiel timeout", "peer", () => peers.cockatiel(answer, "timeout")),
];

/** The layers of every package, in each of their shapes, with room for every caller. */
const shapes = [...(await everyLayer())].flatMap(([name, { calm }]) =>
  calm === undefined ? [] : [layered(name, () => calm(systemClock, 1e9))],
);

export const question: Question = {
  title: "What does each middleware cost alone, where nobody has to wait?",
  about:
    "One call after the other around an async function that answers with its argument. The hops are microtasks beyond the bare call's. " +
    "What is written by hand hands on the promise that it looks at, so that an ignored failure is still reported: that is its one hop.",
  groups: [
    {
      title: "A limit of 10 at once",
      columns: perCall,
      reference: "limit by hand",
      variants: [
        bare,
        oneByOne("limit by hand", "hand", () => limitByHand(answer, 10)),
        oneByOne("by hand, hides failures", "hand", () => silentLimitByHand(answer, 10)),
        oneByOne("by hand, with since when", "hand", () => timedLimitByHand(answer, 10)),
        ...bothWays("concurrencyLimit", () => concurrencyLimit(10)),
        layered("concurrencyLimit, with since when", () => {
          const limit = concurrencyLimit(10);
          // After the first reading of `oldest`, it reads the clock for each holder.
          void limit.oldest;
          return limit;
        }),
        ...limits,
      ],
      goals: [
        ...goals("concurrencyLimit", "limit by hand", 2, limits),
        { of: "concurrencyLimit", figure: "bytes", most: 560 },
      ],
    },
    {
      title: "A rate that is never reached",
      columns: perCall,
      reference: "rate by hand",
      variants: [
        bare,
        oneByOne("rate by hand", "hand", () => rateByHand(answer, token.limit, token.interval)),
        ...bothWays("rateLimit, token bucket", () => rateLimit(token)),
        layered("rateLimit, fixed window", () => rateLimit({ ...peers.highRate, algorithm: "fixed-window" })),
        ...rates,
      ],
      goals: goals("rateLimit, token bucket", "rate by hand", 1.3, rates),
    },
    {
      title: "Retry, where the first answer will do",
      columns: perCall,
      reference: "retry by hand",
      variants: [
        bare,
        oneByOne("retry by hand", "hand", () => retryByHand(answer, { maxRetries: 3, base: 100, max: 10_000 })),
        ...bothWays("retry", () => retry(retryPolicy({ maxRetries: 3 }))),
        ...retries,
      ],
      goals: goals("retry", "retry by hand", 1.3, retries),
    },
    {
      title: "A timeout that never fires",
      columns: perCall,
      reference: "shared list by hand",
      variants: [
        bare,
        oneByOne("shared list by hand", "hand", () => timeoutByHand(answer, 1_000)),
        oneByOne("setTimeout by hand", "hand", () => timerByHand(answer, 1_000)),
        ...bothWays("timeout", () => timeout(1_000)),
        ...timeouts,
      ],
      goals: goals("timeout", "shared list by hand", 1.6, timeouts),
    },
    {
      title: "An id in async-local storage",
      columns: perCall,
      reference: "storage and UUID by hand",
      variants: [
        bare,
        oneByOne("storage and counter by hand", "hand", () => traceByHand(answer, { uuid: false })),
        oneByOne("storage and UUID by hand", "hand", () => traceByHand(answer, { uuid: true })),
        ...bothWays("trace", () => trace()),
        layered("trace, ids from a counter", () => {
          let count = 0;
          return trace({ generateId: () => `${++count}` });
        }),
        oneByOne("OpenTelemetry, no SDK", "peer", () => peers.otelNoop(answer)),
      ],
      goals: [{ of: "trace", figure: "ns", to: "storage and UUID by hand", most: 1.3 }],
    },
    {
      title: "Layers that hand readiness on, or absorb it",
      columns: perCall,
      reference: "serviceFn",
      variants: [
        bare,
        oneByOne("serviceFn", "sluice", () => {
          const service = serviceFn(answer);
          return (request) => service.call(request);
        }),
        ...bothWays("mapRequest", () => mapRequest((request: number) => request)),
        layered("mapResponse", () => mapResponse((response: number) => response)),
        layered("middleware", () => middleware("passed", (request, next, options) => next(request, options))),
        layered("loadShed", loadShed),
        layered("buffer", () => buffer({ capacity: 10 })),
      ],
      goals: [
        { of: "mapRequest", figure: "ns", to: "serviceFn", difference: true, most: 15 },
        { of: "loadShed", figure: "ns", to: "serviceFn", difference: true, most: 15 },
      ],
    },
    {
      title: "Every layer, in each of its shapes",
      columns: perCall,
      // The layer that does nothing.
      reference: "identity",
      variants: [bare, ...shapes],
    },
  ],
};
