import { cache, coalesce } from "@sluice/cache";
import { circuitBreaker } from "@sluice/circuit-breaker";
import { type AnyLayer, type Service, serviceFn } from "@sluice/core";
import { keyed } from "@sluice/keyed";
import { TokenBucket } from "@sluice/limit";
import { answer, type Call, oneByOne } from "../harness/calls.ts";
import { type Goal, perCall, type Question, type Variant } from "../harness/question.ts";
import * as peers from "../peers/peers.ts";
import { breakerByHand } from "../references/breaker.ts";
import { cacheByHand } from "../references/cache.ts";
import { rateByHand } from "../references/rate.ts";

const keys = 1_000;
const callers = 100;
const ttl = 60_000;

const bare: Variant = oneByOne("bare", "bare", () => answer);

const around = (layer: AnyLayer): Call => {
  const service = layer.wrap(serviceFn(answer) as never) as Service<number, number>;
  return (request) => service.call(request);
};
/** Calls go to all keys in turn. */
const inTurn = (call: Call): Call => {
  return (request) => call(request % keys);
};

/** All callers ask for the same key at the same time, with a new key each time. */
const atOnce = (call: Call): Call => {
  return (request) => Promise.all(Array.from({ length: callers }, () => call(request)));
};

/** Faster than every peer, with fewer bytes. */
const goals = (of: string, others: readonly Variant[]): Goal[] =>
  others.flatMap(({ name: to }) => [
    { of, figure: "ns", to, most: 1 },
    { of, figure: "bytes", to, most: 1 },
  ]);

// What the peers omit, where they are faster. In none of them can a single caller of a shared call abort, or can a call be reserved in
// advance. lru-cache reads the clock once for each turn of the event loop, by default. async-cache-dedupe and p-memoize return one promise
// to all concurrent callers: a failure that one of them ignores is never reported, if another handles it.
const breakers = [
  oneByOne("opossum", "peer", () => peers.opossumAlone(answer)),
  oneByOne("cockatiel, sampling", "peer", () => peers.cockatielBreaker(answer)),
  oneByOne("mollitia, 100 calls", "peer", () => peers.mollitiaBreaker(answer)),
];
const kept = [
  oneByOne("async-cache-dedupe", "peer", async () => inTurn(await peers.asyncCacheDedupe(answer, ttl))),
  oneByOne("p-memoize", "peer", async () => inTurn(await peers.pMemoize(answer))),
  oneByOne("lru-cache, fetch", "peer", async () => inTurn(await peers.lruCache(answer, ttl))),
  oneByOne("lru-cache, exact time", "peer", async () => inTurn(await peers.lruCache(answer, ttl, 0))),
];
const coalesced = [
  oneByOne("async-cache-dedupe", "peer", async () => atOnce(await peers.asyncCacheDedupe(answer, 0))),
  oneByOne("p-memoize", "peer", async () => atOnce(await peers.pMemoize(answer, { cache: false }))),
];
const keyedRates = [
  oneByOne("rate-limiter-flexible", "peer", () => peers.rateLimiterFlexible(answer, (request) => `${request % keys}`)),
  oneByOne("limiter, a map of them", "peer", () => peers.limiterOfKeys(answer, keys)),
];

export const question: Question = {
  title: "What does the overload toolkit cost, beside what others have?",
  about:
    "One call after the other, but for those who ask at once. The circuits stay closed: half of the calls of the last ten seconds " +
    "would have to fail. Answers are kept for a minute, for 1,000 keys that are asked for in turn, and all of them are there. The rates " +
    "are so high that nobody is refused, one for each of 1,000 keys.",
  groups: [
    {
      title: "A circuit that stays closed",
      columns: perCall,
      reference: "breaker by hand",
      variants: [
        bare,
        oneByOne("breaker by hand", "hand", () => breakerByHand(answer)),
        oneByOne("circuitBreaker", "sluice", () => around(circuitBreaker())),
        ...breakers,
      ],
      goals: goals("circuitBreaker", breakers),
    },
    {
      title: "An answer that is kept",
      columns: perCall,
      reference: "map by hand",
      variants: [
        bare,
        oneByOne("map by hand", "hand", () => inTurn(cacheByHand(answer, ttl))),
        oneByOne("cache", "sluice", () => inTurn(around(cache({ key: (request: number) => request, ttl })))),
        ...kept,
      ],
      goals: goals("cache", kept),
    },
    {
      title: "100 callers who ask for the same at once",
      columns: [
        { figure: "ns", label: "ns for 100" },
        { figure: "bytes", label: "bytes for 100" },
      ],
      variants: [
        oneByOne("bare", "bare", () => atOnce(answer)),
        oneByOne("coalesce", "sluice", () => atOnce(around(coalesce({ key: (request: number) => request })))),
        ...coalesced,
      ],
      goals: goals("coalesce", coalesced),
    },
    {
      title: "A rate for each of 1,000 keys",
      columns: perCall,
      reference: "map by hand",
      variants: [
        bare,
        oneByOne("map by hand", "hand", () => {
          const of = Array.from({ length: keys }, () => rateByHand(answer, peers.highRate.limit, 1_000));
          const rates = new Map(of.map((rate, key) => [key, rate]));
          return (request) => rates.get(request % keys)!(request);
        }),
        oneByOne("keyed token buckets", "sluice", () =>
          around(keyed({ key: (request: number) => request % keys, gate: () => new TokenBucket(peers.highRate) })),
        ),
        ...keyedRates,
      ],
      goals: goals("keyed token buckets", keyedRates),
    },
  ],
};
