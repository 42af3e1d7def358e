import { gate, identity, layerFn, middleware, Semaphore } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { checkContract, type MakeSubject, type PromiseNumber } from "../src/index.ts";
import { BrokenGate, type Faults } from "./helper/broken-gate.ts";
import { lateReservation } from "./helper/late-reservation.ts";
import { eager, inTheWrongContext, onAnotherClock, otherRequest, raced } from "./helper/broken-services.ts";
import { Quota } from "./helper/quota.ts";
import { stacked, twice } from "./helper/stacked.ts";
import { wrapped } from "./helper/wrapped.ts";

const boom = new Error("boom");

/** The same in each run, so that a failure can be looked at. */
const seed = 7;

describe("layers that keep every promise", () => {
  const kept: Record<string, MakeSubject> = {
    "identity()": () => identity(),
    "a gate, as it is": () => new Semaphore(1),
    "gate(…) that lets two in": ({ clock }) => gate(new Semaphore(2, { clock }), { name: "two" }),
    "gate(…) that lets nobody in": () => gate(new Semaphore(0), { name: "none" }),
    "gate(…) that lets everybody in": () => gate(new Semaphore(Number.POSITIVE_INFINITY), { name: "all" }),
    "a gate of somebody's own": () => gate(new BrokenGate(2), { name: "own" }),
    "a middleware that hands on": () => middleware("pass", (request: number, next, options) => next(request, options)),
    "a middleware that answers by itself": () => middleware("known", () => 1),
    "a layer of plain permits": () => wrapped({}),
    "a layer that is always ready": () => wrapped({ tryReady: lateReservation }),
    "a breaker that is open for a while after a failure": ({ clock }) => {
      let openUntil = 0;
      return wrapped({
        tryReady(inner, request) {
          if (clock.now() < openUntil) throw boom;
          return inner.tryReady(request);
        },
        call: (next) =>
          next().catch((error: unknown) => {
            openUntil = clock.now() + 30_000;
            throw error;
          }),
      });
    },
    "a limit that adapts": () => {
      const limit = new Semaphore(2);
      const adapt = middleware("adapt", async (request: number, next, options) => {
        limit.max = 1;
        const response = await next(request, options);
        limit.max = 2;
        return response;
      });
      return stacked(gate(limit, { name: "limit" }), adapt);
    },
    "a limit around what answers by itself": () =>
      stacked(
        gate(new Semaphore(1), { name: "one" }),
        middleware("known", () => 1),
      ),
    "a quota that refuses": ({ clock }) => gate(new Quota(2, 500, clock), { name: "quota" }),
  };

  test.each(Object.entries(kept))("%s", async (_, make) => {
    const report = await checkContract(make, { seed });
    expect(report.toString()).not.toContain("FAIL");
    expect(report.ok).toBe(true);
    report.assert();
  });
});

describe("layers that break one", () => {
  const own = (max: number, faults: Faults) => () => gate(new BrokenGate(max, faults), { name: "own" });
  const broken: readonly (readonly [what: string, number: PromiseNumber, make: MakeSubject])[] = [
    [
      "hands out a permit without reserving inside",
      1,
      () =>
        wrapped({
          tryReady(inner, request) {
            const permit = inner.tryReady(request);
            permit?.release();
            return permit && lateReservation(inner);
          },
        }),
    ],
    ["calls as often as it is asked to", 2, () => wrapped({ again: true })],
    ["keeps the place of a call that failed", 3, own(2, { keepFailed: true })],
    ["keeps the place of a permit that was released", 3, own(2, { keepUnused: true })],
    ["keeps what is reserved inside", 3, () => wrapped({ release() {} })],
    [
      "never answers when the work fails",
      3,
      () => wrapped({ call: (next) => new Promise((kept) => void next().then(kept, () => {})) }),
    ],
    ["serves the last to come first", 4, own(1, { lifo: true })],
    ["serves newcomers though others wait", 4, own(1, { barge: true })],
    ["serves newcomers before those who were granted have moved on", 4, own(2, { hurry: true })],
    [
      "does not hear of an abort while somebody waits",
      5,
      () => wrapped({ ready: (inner, { request }) => inner.ready({ request }) }),
    ],
    ["rejects with an error of its own when somebody gives up", 5, own(1, { ownReason: true })],
    [
      "puts a listener of its own into onabort",
      5,
      () =>
        wrapped({
          call(next, { signal }) {
            Object.assign(signal ?? {}, { onabort() {} });
            return next();
          },
        }),
    ],
    ["uses what is reserved inside twice", 3, () => twice("cancel")],
    ["calls twice on what is reserved inside", 3, () => twice("start")],
    ["goes on listening", 5, own(1, { listensOn: true })],
    [
      "settles when it is aborted, not when the work does",
      5,
      () => wrapped({ call: (next, { signal }) => raced(next(), signal) }),
    ],
    [
      "does not pass the signal on",
      5,
      () => wrapped({ call: (next, options) => next({ ...options, signal: undefined }) }),
    ],
    [
      "makes signals of others",
      5,
      () =>
        wrapped({
          call: (next, options) =>
            next({ ...options, signal: AbortSignal.any([options.signal ?? new AbortController().signal]) }),
        }),
    ],
    ["reaches the service inside when it is aborted already", 5, () => layerFn("eager", (inner) => eager(inner))],
    ["lets the next one in while work goes on", 6, own(1, { freeAtAnswer: true })],
    [
      "does not pass waitUntil on",
      6,
      () => wrapped({ call: (next, options) => next({ ...options, waitUntil: undefined }) }),
    ],
    [
      "gives up on work without handing it up",
      6,
      ({ clock }) =>
        wrapped({
          call: (next) =>
            new Promise((kept, failed) => {
              const timer = clock.setTimeout(() => {
                failed(boom);
              }, 10);
              next()
                .then(kept, failed)
                .finally(() => {
                  clock.clearTimeout(timer);
                });
            }),
        }),
    ],
    [
      "hands work up when the answer is out",
      6,
      ({ clock }) =>
        wrapped({
          call: (next, { waitUntil }) =>
            new Promise((kept, failed) => {
              const work = next();
              const timer = clock.setTimeout(() => {
                failed(boom);
                void Promise.resolve().then(() => waitUntil?.(work));
              }, 10);
              work.then(kept, failed).finally(() => {
                clock.clearTimeout(timer);
              });
            }),
        }),
    ],
    [
      "throws",
      7,
      () =>
        wrapped({
          call(next, _options, request) {
            if (request === 2) {
              void next();
              throw boom;
            }
            return next();
          },
        }),
    ],
    ["works in the context of whoever made place", 8, () => layerFn("queue", (inner) => inTheWrongContext(inner))],
    [
      "keeps a place when the service inside refuses",
      9,
      () => {
        let free = 3;
        return wrapped({
          tryReady(inner, request) {
            if (free === 0) return undefined;
            const permit = inner.tryReady(request);
            if (permit === undefined) free--;
            return permit;
          },
        });
      },
    ],
    ["gives back later", 9, () => wrapped({ release: (release) => void Promise.resolve().then(release) })],
    ["reserves blindly", 10, () => wrapped({ tryReady: (inner) => inner.tryReady() })],
    ["calls with another request than it reserved for", 10, () => layerFn("other", (inner) => otherRequest(inner))],
    [
      "adds to readiness",
      11,
      () =>
        wrapped({
          async ready(inner, options) {
            await Promise.resolve();
            return inner.ready(options);
          },
        }),
    ],
    [
      "starts the work later",
      11,
      () =>
        wrapped({
          async call(next) {
            await Promise.resolve();
            return next();
          },
        }),
    ],
    [
      "hides failures that nobody handles",
      11,
      () =>
        wrapped({
          call(next) {
            const answer = next();
            answer.catch(() => {});
            return answer;
          },
        }),
    ],
    [
      "leaves failures unhandled that somebody handles",
      11,
      () =>
        wrapped({
          call(next) {
            const answer = next();
            void answer.finally(() => {});
            return answer;
          },
        }),
    ],
    [
      "is closed for good by one failure of readiness",
      12,
      () => {
        let failed = false;
        return wrapped({
          tryReady(inner, request) {
            if (failed) throw boom;
            try {
              return inner.tryReady(request);
            } catch (error) {
              failed = true;
              throw error;
            }
          },
        });
      },
    ],
    ["reads the time where it likes", 13, () => wrapped({ call: (next) => (performance.now() > 0 ? next() : next()) })],
    [
      "sets timers on the process",
      13,
      () =>
        wrapped({
          call(next) {
            clearTimeout(setTimeout(() => {}, 0));
            return next();
          },
        }),
    ],
    [
      "leaves a timer armed",
      13,
      ({ clock }) =>
        wrapped({
          call(next) {
            clock.setTimeout(() => {}, 1_000);
            return next();
          },
        }),
    ],
    ["has a clock, and sets timers on another", 13, onAnotherClock],
    [
      "has a timer that throws",
      13,
      ({ clock }) =>
        wrapped({
          call(next) {
            clock.setTimeout(() => {
              throw boom;
            }, 10);
            return next();
          },
        }),
    ],
  ];

  test.each(broken)("%s: promise %i", async (_, number, make) => {
    const report = await checkContract(make, { seed, runs: 200 });
    expect(report.broken.map((broke) => broke.number)).toContain(number);
    const finding = report.broken.find((other) => other.number === number);
    expect(finding?.schedule?.length).toBeGreaterThan(0);
    expect(() => {
      report.assert();
    }).toThrow(`FAIL ${String(number).padStart(2)}`);
  });
});
