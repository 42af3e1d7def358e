import { gate, identity, middleware, Semaphore } from "@sluice/core";
import type { MakeLayer } from "../../src/contract/index.ts";
import { BrokenGate } from "./broken-gate.ts";
import { boom } from "./broken-layer.ts";
import { joined } from "./joined.ts";
import { joining, joiningWithSpare } from "./joining.ts";
import { KeyedLimit } from "./keyed-limit.ts";
import { lateReservation } from "./late-reservation.ts";
import { ownPlaces } from "./own-places.ts";
import { Quota } from "./quota.ts";
import { OwingGate } from "./refusing-gate.ts";
import { stacked } from "./stacked.ts";
import { DistributedLimit, PriorityGate } from "./unusual-gates.ts";
import { fallback, hedge } from "./unusual-layers.ts";
import { AdmittingLimit } from "./watched-limit.ts";
import { wrapped } from "./wrapped.ts";

/** Layers that keep every promise, some of them in unusual ways. */
export const keptLayers: Readonly<Record<string, MakeLayer>> = {
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
  "a cache": () => {
    const known = new Map<number, Promise<unknown>>();
    return middleware("cache", (request: number, next, options) => {
      const answer = known.get(request);
      if (answer !== undefined) return answer;
      const asked = next(request, options);
      asked.then(
        () => known.set(request, asked),
        () => {},
      );
      return asked;
    });
  },
  "a limit around what answers by itself": () =>
    stacked(
      gate(new Semaphore(1), { name: "one" }),
      middleware("known", () => 1),
    ),
  "a quota that refuses": ({ clock }) => gate(new Quota(2, 500, clock), { name: "quota" }),
  "a limit that is no gate": () => ownPlaces(2, {}),
  "a limit for each request": () => new KeyedLimit(1),
  "a limit where the urgent go first": () => new PriorityGate(1),
  "a limit whose places are kept elsewhere": () => new DistributedLimit(2),
  "a layer that asks twice": ({ clock }) => hedge(clock, 10),
  "a limit around a layer that asks twice": ({ clock }) =>
    stacked(gate(new Semaphore(1), { name: "one" }), hedge(clock, 10)),
  "a layer that answers by itself where the service inside fails": () => fallback(),
  "a layer that asks another service, which has a limit, too": () => joined(new Semaphore(2)),
  "a layer with a timer that keeps no process alive": ({ clock }) =>
    wrapped({
      call(next) {
        clock.unref(clock.setTimeout(() => {}, 60_000));
        return next();
      },
    }),
  "a limit made of a limit": () => new AdmittingLimit(2),
  "a gate that refuses each third, by what is owed": () => new OwingGate(3),
  "a layer that answers one call by the answer of another": () => joining("releases"),
  "a layer that does so, and calls itself where the other fails": () => joiningWithSpare(),
};

/** Layers that look on: they add nothing to the way of an answer. */
export const observingLayers: Readonly<Record<string, MakeLayer>> = {
  "identity()": () => identity(),
  "a gate": () => new Semaphore(2),
  "a middleware that hands on": () => middleware("pass", (request: number, next, options) => next(request, options)),
  "a middleware that looks at answers": () =>
    middleware("look", (request: number, next, options) => {
      const answer = next(request, options);
      answer.then(
        () => {},
        () => {},
      );
      return answer;
    }),
};
