import { type Layer, ServiceBuilder } from "@sluice/core";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { memoryStore, sharedConcurrencyLimit, sharedRateLimit } from "@sluice/limit-shared";
import { answer, type Call, oneByOne } from "../harness/calls.ts";
import { fleet, type FleetSettings } from "../harness/fleet.ts";
import { type Column, perCall, type Question, type Variant } from "../harness/question.ts";

type Library = FleetSettings["library"];

/** A limit, and the load of each of four members. */
type Scene = Omit<FleetSettings, "library">;

const perSecond = 400;
const members = 4;
const same = (trip: number) => Array.from({ length: members }, () => trip);

/** A part of the rate, without waiting callers. */
const rate = (load: number, trip: number): Scene => ({
  limit: { perSecond, refuse: load > 1, hold: 500 },
  perSecond: (perSecond * load) / members,
  callers: 0,
  work: 0,
  trips: same(trip),
});

const slots = (trips: readonly number[]): Scene => ({
  limit: { atOnce: 20, refuse: false },
  perSecond: 0,
  callers: 20,
  work: 10,
  slots: 20,
  trips,
});

function sharing(name: string, library: Library, scene: Scene): Variant {
  return { name, by: library === "sluice" ? "sluice" : "peer", prepare: () => fleet({ ...scene, library }) };
}

const starts: Column = { figure: "starts", label: "starts/s" };
const trips: Column = { figure: "trips", label: "trips/call", digits: 2 };
const ofRates: readonly Column[] = [
  { figure: "p50", label: "p50, ms", digits: 3 },
  { figure: "p99", label: "p99, ms", digits: 1 },
  trips,
  starts,
  { figure: "script", label: "server µs/script" },
];
const ofSlots: readonly Column[] = [
  starts,
  { figure: "used", label: "slots in use, %" },
  trips,
  { figure: "jain", label: "Jain's index", digits: 2 },
  { figure: "p50", label: "p50, ms", digits: 1 },
];
/** Each lasts 1.5 s. */
const rounds = 3;

function rates(
  title: string,
  load: number,
  trip: number,
): { title: string; columns: readonly Column[]; variants: Variant[]; rounds: number } {
  const scene = rate(load, trip);
  return {
    title,
    columns: ofRates,
    variants: [
      sharing("sharedRateLimit", "sluice", scene),
      sharing("rate-limiter-flexible", "rate-limiter-flexible", scene),
      sharing("bottleneck", "bottleneck", scene),
    ],
    rounds,
  };
}

function slotGroup(
  title: string,
  each: readonly number[],
): { title: string; columns: readonly Column[]; variants: Variant[]; rounds: number } {
  return {
    title,
    columns: ofSlots,
    variants: [
      sharing("sharedConcurrencyLimit", "sluice", slots(each)),
      sharing("bottleneck", "bottleneck", slots(each)),
    ],
    rounds,
  };
}

function through(layer: Layer): Call {
  const service = new ServiceBuilder().layer(layer).serviceFn(answer);
  return (request) => service.call(request);
}

/** The cost of a call in the process, with enough stock that the store is seldom asked. */
const alone = [
  oneByOne("rateLimit, token bucket", "sluice", () =>
    through(rateLimit({ limit: 1e9, interval: 1_000, algorithm: "token-bucket" })),
  ),
  oneByOne("sharedRateLimit, with stock", "sluice", async () => {
    const limit = sharedRateLimit({ store: memoryStore(), key: "k", limit: 1e9, interval: 1_000 });
    await limit.warm(1e7);
    return through(limit);
  }),
  oneByOne("concurrencyLimit", "sluice", () => through(concurrencyLimit(50))),
  oneByOne("sharedConcurrencyLimit, with slots", "sluice", async () => {
    const limit = sharedConcurrencyLimit({ store: memoryStore(), key: "k", max: 50 });
    await limit.warm(50);
    return through(limit);
  }),
];

export const question: Question = {
  title: "What does it cost to share a limit among processes?",
  about:
    "Four members, each in a process of its own, share one limit over one server of Redis or Valkey on the same machine. Trips are the scripts that the server ran, " +
    "for each call that was let in or refused. Where calls come by the second, nobody waits for the answers before; where callers call again as soon as they are " +
    "answered, there are 20 of them in each member. A round trip longer than loopback's is a proxy's doing.",
  groups: [
    {
      ...rates("A rate of 400 a second, 90 % of it used", 0.9, 0),
      goals: [
        { of: "sharedRateLimit", figure: "trips", most: 0.2 },
        { of: "sharedRateLimit", figure: "p50", to: "rate-limiter-flexible", most: 0.25 },
        { of: "sharedRateLimit", figure: "script", most: 60 },
      ],
    },
    {
      ...rates("The same rate, 60 % of it used, round trip 20 ms", 0.6, 20),
      goals: [{ of: "sharedRateLimit", figure: "p50", to: "rate-limiter-flexible", most: 0.01 }],
    },
    {
      title: "Three times the rate, the rest refused",
      columns: [...ofRates, { figure: "refused", label: "refused, %" }],
      variants: [
        sharing("sharedRateLimit and loadShed", "sluice", rate(3, 0)),
        sharing("rate-limiter-flexible", "rate-limiter-flexible", rate(3, 0)),
        sharing("rate-limiter-flexible, blocking in memory", "rate-limiter-flexible, blocking in memory", rate(3, 0)),
      ],
      rounds,
      goals: [{ of: "sharedRateLimit and loadShed", figure: "trips", most: 0.2 }],
    },
    {
      ...slotGroup("20 slots, 80 callers whose work takes 10 ms", same(0)),
      goals: [
        { of: "sharedConcurrencyLimit", figure: "starts", to: "bottleneck", least: 1.5 },
        { of: "sharedConcurrencyLimit", figure: "used", least: 95 },
        { of: "sharedConcurrencyLimit", figure: "jain", least: 0.9 },
      ],
    },
    {
      ...slotGroup("The same, round trip 20 ms", same(20)),
      goals: [
        { of: "sharedConcurrencyLimit", figure: "starts", to: "bottleneck", least: 10 },
        { of: "sharedConcurrencyLimit", figure: "used", least: 95 },
      ],
    },
    {
      ...slotGroup("The same, round trips of 0, 4, 10 and 20 ms", [0, 4, 10, 20]),
      goals: [{ of: "sharedConcurrencyLimit", figure: "jain", least: 0.75 }],
    },
    {
      title: "In the process",
      columns: perCall,
      variants: [oneByOne("bare", "bare", () => answer), ...alone],
      goals: [{ of: "sharedRateLimit, with stock", figure: "ns", to: "rateLimit, token bucket", most: 2.5 }],
    },
  ],
};
