import { type AnyService, identity, serviceFn } from "@sluice/core";
import {
  aFunction,
  type DocumentedRange,
  type Every,
  optional,
  type OptionTable,
  revoked,
  withMethods,
} from "@sluice/test-kit";
import { boxed, boxLayer, routingTable, type RoutingTableOptions, steer } from "@sluice/util-box";

type AnyRoutingTableOptions = RoutingTableOptions<unknown, AnyService, AnyService>;

const run = (): number => 1;
const service = serviceFn(run);

const aService = withMethods(service, "tryReady", "ready", "call");
const aLayer = withMethods(identity(), "wrap");

export const optionTable: OptionTable = {
  parameters: [
    { of: "boxed", option: "service", range: aService, give: (each) => boxed(each) },
    { of: "boxLayer", option: "layer", range: aLayer, give: (each) => boxLayer(each) },
    { of: "steer", option: "services", range: listsOfServices(), give: (services) => steer(services, run) },
    { of: "steer", option: "pick", range: aFunction, give: (pick) => steer([service], pick) },
  ],
  objects: [
    {
      of: "routingTable",
      base: { key: run, routes: new Map() },
      give: routingTable,
      ranges: {
        key: aFunction,
        routes: tables(),
        notFound: optional(aService),
      } satisfies Every<AnyRoutingTableOptions>,
    },
  ],
  without: {
    RouteNotFoundError: "carries what it is given",
    isRouteNotFoundError: "answers for any value",
  },
};

function listsOfServices(): DocumentedRange {
  const hole: unknown[] = [service];
  hole[2] = service;
  const throwing = Object.defineProperty([service], 0, {
    get: () => {
      throw new Error("not to be read");
    },
  });
  const wrong = [hole, throwing, [undefined], [null], [service, 5], [revoked()]];
  const empty: unknown[] = [];
  const good = [[service], empty];
  const takes = (value: unknown): boolean => good.includes(value as unknown[]) || isEmptyArray(value);
  return { takes, edges: [...good, ...wrong], optional: false };
}

function isEmptyArray(value: unknown): boolean {
  try {
    return Array.isArray(value) && value.length === 0;
  } catch {
    return false;
  }
}

function tables(): DocumentedRange {
  const table = new Map([["x", service]]);
  const endless = { get: run, values: run };
  const throwing = {
    get: run,
    values: () => {
      throw new Error("not to be read");
    },
  };
  const wrong = [new Map([["x", undefined]]), new Map([["x", 5]]), new Map([["x", revoked()]]), endless, throwing];
  const takes = (value: unknown): boolean => value === table || (value instanceof Map && value.size === 0);
  return { takes: guarded(takes), edges: [table, new Map(), ...wrong], optional: false };
}

function guarded(takes: (value: unknown) => boolean): (value: unknown) => boolean {
  return (value) => {
    try {
      return takes(value);
    } catch {
      return false;
    }
  };
}
