import { layerFn } from "@sluice/core";
import { boom, type BrokenLayer, own } from "./broken-layer.ts";
import { eager, inTheWrongContext, raced } from "./broken-services.ts";
import { Gettable } from "./gettable.ts";
import { handsUpLate, impatient, impatientLimit } from "./impatient.ts";
import { wrapped } from "./wrapped.ts";

/** Layers that break what is promised about calls: 5 to 8, and 11. */
export const brokenCalls: readonly BrokenLayer[] = [
  [
    "leavesAtOnce",
    "does not hear of an abort while somebody waits",
    () =>
      wrapped({
        ready: (inner, { request, signal, deadline }) =>
          inner.ready({ request, deadline, signal: signal?.aborted ? signal : undefined }),
      }),
  ],
  ["leavesAtOnce", "rejects with an error of its own when somebody gives up", own(1, { ownReason: true })],
  ["abortedAlready", "asks inside for who has aborted already", () => layerFn("eager", eager)],
  [
    "passedDown",
    "settles when it is aborted, not when the work does",
    () => wrapped({ call: (next, { signal }) => raced(next(), signal) }),
  ],
  [
    "passedDown",
    "does not pass the signal on",
    () => wrapped({ call: (next, options) => next({ ...options, signal: undefined }) }),
  ],
  [
    "loseNothing",
    "does not pass the deadline on",
    () => wrapped({ call: (next, { signal, waitUntil }) => next({ signal, waitUntil }) }),
  ],
  [
    "loseNothing",
    "does not say by when it must be ready",
    () => wrapped({ ready: (inner, { request, signal }) => inner.ready({ request, signal }) }),
  ],
  [
    "loseNothing",
    "passes on options that cannot be spread",
    () => wrapped({ call: (next, options) => next(new Gettable(options)) }),
  ],
  [
    "loseNothing",
    "passes on a waitUntil that must be called as a method",
    () => wrapped({ call: (next, options) => next({ ...options, waitUntil: new Gettable(options).unbound }) }),
  ],
  ["leftBehind", "goes on listening", own(1, { listensOn: true })],
  [
    "leftBehind",
    "puts a listener of its own into onabort",
    () =>
      wrapped({
        call(next, { signal }) {
          Object.assign(signal ?? {}, { onabort() {} });
          return next();
        },
      }),
  ],
  [
    "leftBehind",
    "makes signals of others",
    () =>
      wrapped({
        call: (next, options) =>
          next({ ...options, signal: AbortSignal.any([options.signal ?? new AbortController().signal]) }),
      }),
  ],
  ["untilSettled", "lets the next one in while work that was handed up goes on", own(1, { freeAtAnswer: true })],
  [
    "untilSettled",
    "lets the next one in while work goes on that it has given up on",
    ({ clock }) => impatientLimit(clock),
  ],
  ["handedUp", "gives up on work without handing it up", ({ clock }) => impatient(clock, () => {})],
  ["handedUp", "hands work up when the answer is out", ({ clock }) => impatient(clock, handsUpLate)],
  [
    "gateFinishes",
    "does not pass waitUntil on",
    () => wrapped({ call: (next, options) => next({ ...options, waitUntil: undefined }) }),
  ],
  [
    "neverThrows",
    "throws",
    () =>
      wrapped({
        call(next, _options, request) {
          if (request !== 2) return next();
          void next();
          throw boom;
        },
      }),
  ],
  ["callersContext", "works in the context of whoever made place", () => layerFn("queue", inTheWrongContext)],
  [
    "noWait",
    "adds to readiness",
    () =>
      wrapped({
        async ready(inner, options) {
          await Promise.resolve();
          return inner.ready(options);
        },
      }),
  ],
  [
    "noWait",
    "starts the work later",
    () =>
      wrapped({
        async call(next) {
          await Promise.resolve();
          return next();
        },
      }),
  ],
  [
    "onlyObserves",
    "hands an answer on that it has waited for",
    () =>
      wrapped({
        async call(next) {
          return await next();
        },
      }),
    { observes: true },
  ],
  [
    "reported",
    "hides failures that nobody handles",
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
    "reported",
    "leaves failures unhandled that somebody handles",
    () =>
      wrapped({
        call(next) {
          const answer = next();
          void answer.finally(() => {});
          return answer;
        },
      }),
  ],
];
