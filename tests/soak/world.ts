import { buffer } from "@sluice/buffer";
import { type Service, ServiceBuilder } from "@sluice/core";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import { exponentialBackoff, retry, retryBudget, retryPolicy } from "@sluice/retry";
import { timeout } from "@sluice/timeout";
import { trace } from "@sluice/trace";
import { filter, mapRequest } from "@sluice/util";
import { boxed, routingTable } from "@sluice/util-box";
import type { Ending } from "./ending.ts";
import { counting } from "./load.ts";
import { bucketMeter, slotMeter, windowMeter } from "./meters.ts";
import { attempts, type Job, type Operation } from "./operation.ts";
import { type Route, slots, Turnover } from "./turnover.ts";
import { work, type Workplace } from "./work.ts";

/** A stack, and its capacity at rest. */
export interface Entry {
  readonly name: string;
  readonly service: Service<Operation, number>;
  /** How an operation may end there. */
  readonly endings: ReadonlySet<Ending>;
  /** How many calls can start, and how many more may wait; undefined where unbounded. */
  readonly starts: number;
  readonly waits?: number;
}

/** Different stacks, two of which share a limit, and others that are replaced, also as routes of one of them. */
export interface World {
  /** The current stacks. */
  readonly entries: () => Entry[];
  readonly turnover: Turnover;
  /** How many requests are in a backoff, and how many timers are armed for them. */
  readonly backoffs: { readonly waiting: () => number; readonly armed: () => number };
  /** Expected and actual values of every gate at rest. */
  readonly atRest: () => [name: string, is: number, should: number][];
}

/** The queued stack's routes. The operation's number says which. */
export const routeCount = 4;
/** A rate sheds calls that cannot start by their deadline. */
const common: readonly Ending[] = ["answered", "failed", "aborted", "timed out", "given back"];

export function world(place: Workplace): World {
  const { clock, pace } = place;
  const counted = counting(clock);
  const retries = retry(
    retryPolicy<Job, number>({
      maxRetries: 2,
      backoff: exponentialBackoff({ base: 20 * pace, max: 60 * pace, jitter: "equal", random: place.random }),
      budget: retryBudget({ clock, ratio: 0.5 }),
    }),
    { clock: counted.clock },
  );
  const bareRetries = retry(
    retryPolicy<Job, number>({
      maxRetries: 1,
      backoff: exponentialBackoff({ base: 20 * pace, max: 60 * pace, jitter: "none" }),
    }),
    { clock: counted.clock },
  );
  const patientRetries = retry(
    retryPolicy<Job, number>({
      maxRetries: 2,
      backoff: exponentialBackoff({ base: 10 * pace, max: 20 * pace, random: place.random }),
    }),
    { clock: counted.clock },
  );
  const bound = () => timeout({ ready: 200 * pace, total: 400 * pace, clock });
  const times = {
    shedding: bound(),
    queued: bound(),
    patient: bound(),
    turnover: bound(),
    call: timeout({ call: 40 * pace, clock }),
  };
  const shared = concurrencyLimit(6, { clock });
  const patient = concurrencyLimit(8, { clock });
  const bare = concurrencyLimit(7, { clock });
  const window = { limit: 5, interval: 150 * pace } as const;
  const bucket = { limit: 60, interval: 500 * pace, burst: 6 } as const;
  const bareWindow = { limit: 10, interval: 50 * pace } as const;
  const bareRate = rateLimit({ ...bareWindow, clock });
  const rate = rateLimit({ ...window, clock });
  const tokens = rateLimit({ ...bucket, algorithm: "token-bucket", clock });
  const queue = buffer({ capacity: 8, clock });

  const slotsOfShared = slotMeter(place, "shared limit", shared);
  const plain = work(place, [slotsOfShared]);
  const rated = work(place, [slotsOfShared, windowMeter(place, "rate", window.limit, window.interval)]);
  const bucketed = work(place, [
    slotMeter(place, "patient limit", patient),
    bucketMeter(place, "token bucket", bucket.burst, bucket.limit, bucket.interval),
  ]);
  const bared = work(place, [
    slotMeter(place, "bare limit", bare),
    windowMeter(place, "bare rate", bareWindow.limit, bareWindow.interval),
  ]);
  const jobs = mapRequest((operation: Operation): Job => ({ operation, route: operation.id % routeCount }));

  const routes = new Map<number, Route>([
    [0, boxed(new ServiceBuilder().layer(rate).layer(shared).service(rated))],
    [1, boxed(new ServiceBuilder().layer(shared).service(plain))],
  ]);
  const once = new ServiceBuilder().layer(jobs).layer(times.turnover).layer(attempts(place, 1));
  const turnover = new Turnover(place, routes, [2, 3], (route) => once.service(route));
  const shedding = new ServiceBuilder()
    .layer(jobs)
    .layer(trace({ clock }))
    .layer(loadShed())
    .layer(filter(({ operation }: Job) => operation.id % 50 !== 0))
    .layer(times.shedding)
    .layer(retries)
    .layer(attempts(place, 3))
    .layer(shared)
    .service(plain);
  const queued = new ServiceBuilder()
    .layer(jobs)
    .layer(times.queued)
    .layer(queue)
    .layer(retries)
    .layer(attempts(place, 3))
    .service(routingTable({ key: ({ route }: Job) => route, routes }));
  const waiting = new ServiceBuilder()
    .layer(jobs)
    .layer(times.patient)
    .layer(patientRetries)
    .layer(attempts(place, 3))
    .layer(tokens)
    .layer(patient)
    .layer(times.call)
    .service(bucketed);

  // Without a timeout, so that the callers' own signals reach the work.
  const unbounded = new ServiceBuilder()
    .layer(jobs)
    .layer(bareRetries)
    .layer(attempts(place, 2))
    .layer(bareRate)
    .layer(bare)
    .service(bared);

  const lasting: Entry[] = [
    {
      name: "shedding",
      service: shedding,
      endings: new Set([...common, "shed", "filtered"]),
      starts: shared.max,
      waits: 0,
    },
    {
      name: "queued",
      service: queued,
      endings: new Set([...common, "shed", "closed", "no route"]),
      starts: window.limit,
      waits: 8,
    },
    { name: "patient", service: waiting, endings: new Set([...common, "shed"]), starts: bucket.burst },
    { name: "bare", service: unbounded, endings: new Set(common), starts: bare.max },
  ];
  const gates = [shared, patient, bare];
  const inBackoff = (): number => retries.waiting + patientRetries.waiting + bareRetries.waiting;
  const comeAndGo = { endings: new Set<Ending>([...common, "closed"]), starts: slots.running, waits: slots.waiting };
  return {
    turnover,
    backoffs: { waiting: inBackoff, armed: counted.armed },
    entries: () => [...lasting, ...turnover.entrances.map((service) => ({ name: "turnover", service, ...comeAndGo }))],
    atRest: () => [
      ...gates.flatMap((limit): [string, number, number][] => [
        ["limit: active", limit.active, 0],
        ["limit: waiting", limit.waiting, 0],
        ["limit: available", limit.available, limit.max],
        ["limit: oldest", limit.oldest, 0],
      ]),
      ["rate: held", rate.active + tokens.active + bareRate.active, 0],
      ["rate: waiting", rate.waiting + tokens.waiting + bareRate.waiting, 0],
      ["rate: available", rate.available, window.limit],
      ["bare rate: available", bareRate.available, bareWindow.limit],
      ["token bucket: available", tokens.available, bucket.burst],
      ["buffer: available", queue.available, queue.capacity],
      ["buffer: waiting", queue.queued, 0],
      ["buffer: waiting for a slot", queue.waiting, 0],
      ["buffer: calls behind it", queue.running, 0],
      ["in a backoff", inBackoff(), 0],
      ...Object.entries(times).map(([name, layer]): [string, number, number] => [
        `abandoned: ${name}`,
        layer.abandoned,
        0,
      ]),
      ...turnover.atRest(),
    ],
  };
}
