import type { Service } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { routingTable, steer } from "@sluice/util-box";
import * as fc from "fast-check";
import { spendElsewhere } from "./helper/acts.ts";
import { checkModel } from "./helper/check-model.ts";
import type { Answer } from "./helper/innermost.ts";
import type { PlainGate } from "./helper/plain-gate.ts";
import { RoutingModel } from "./helper/routing-model.ts";
import { usual } from "./helper/schedule.ts";
import type { Seams, Trial } from "./helper/trial.ts";
import { kept } from "./kept/routing.ts";

/** Four limits: of three routes at first, and one more. */
const shapes = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 4, maxLength: 4 });
const weights = { ...usual, ready: 4, tryReady: 3, spendElsewhere: 3, route: 2 };

/** The key of a request: a caller may spend a permit on a request of another route, whose number is 1,000 or more. */
const keyOf = (keys: number) => (request: number) => (request + Math.floor(request / 1_000)) % keys;

interface Routed {
  readonly service: Service<number, Answer>;
  /** Gives the route to another service, or to none. */
  readonly set: (key: number, service: Service<number, Answer> | undefined) => void;
}

const kinds: Readonly<
  Record<string, { readonly keys: number; readonly make: (services: Service<number, Answer>[]) => Routed }>
> = {
  routingTable: {
    keys: 4,
    make(services) {
      const routes = new Map(services.slice(0, 3).entries());
      return {
        service: routingTable({ key: keyOf(4), routes }),
        set(key, service) {
          if (service === undefined) routes.delete(key);
          else routes.set(key, service);
        },
      };
    },
  },
  steer: {
    keys: 3,
    make(services) {
      const list = services.slice(0, 3);
      return {
        service: steer(list, keyOf(3)),
        set(key, service) {
          if (service !== undefined) list[key] = service;
        },
      };
    },
  },
};

for (const [name, { keys, make }] of Object.entries(kinds)) {
  const trial = (sizes: readonly number[], { clock, innermost }: Seams): Trial => {
    const limits = sizes.map((max) => concurrencyLimit(max, { clock }));
    const services = limits.map((limit) => limit.wrap(innermost));
    const { service, set } = make(services);
    const model = new RoutingModel(sizes, 3, keyOf(keys));
    const { gates, table } = model;
    const lines = new Map<number, PlainGate | undefined>();
    innermost.most = sizes.reduce((sum, max) => sum + max, 0);
    return {
      model,
      blind: true,
      serviceFor(who) {
        lines.set(who, table.get(keyOf(keys)(who)));
        return service;
      },
      lineOf: (who) => lines.get(who),
      counters: () => limits.flatMap(({ active, waiting, available, oldest }) => [active, waiting, available, oldest]),
      acts: {
        spendElsewhere,
        route({ pick, ms, other }) {
          const [key, nth] = [pick % keys, ms % 4];
          // A list of services has no holes.
          if (other && name === "routingTable") {
            set(key, undefined);
            table.delete(key);
          } else {
            set(key, services[nth]);
            table.set(key, gates[nth]!);
          }
        },
      },
      open() {
        // One permit of each may be impossible: two callers may wait for each other.
        innermost.most = Number.POSITIVE_INFINITY;
        limits.forEach((limit) => {
          limit.max = 1_000;
        });
      },
      idle: () => limits.flatMap(() => [0, 0, 1_000, 0]),
      capacity: () => 5,
    };
  };
  checkModel(name, weights, shapes, trial, kept[name]);
}
