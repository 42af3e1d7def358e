import { layerFn } from "@sluice/core";
import { balance, type BalanceOptions } from "@sluice/balance";
import { maglev } from "@sluice/balance/hash";
import type { LayerShape, LayerShapes } from "@sluice/test-kit";

type Options = Omit<BalanceOptions<any>, "endpoints">;

const key = (request: unknown): string | undefined => (typeof request === "string" ? request : undefined);

/** Over endpoints that are all the same service. With limits of their own a caller who waits further in would hold a slot of each. */
const shape = (options: Options): LayerShape => ({
  drawn({ size }, clock) {
    const services: { readonly waiting: number; readonly pending: number }[] = [];
    const layer = layerFn("balance", (inner) => {
      const endpoints = Array.from({ length: size }, (_, nth) => [nth, inner] as const);
      const service = balance<any>({ ...options, clock, endpoints });
      services.push(service);
      return service;
    });
    return { layer, held: () => services.reduce((sum, { waiting, pending }) => sum + waiting + pending, 0) };
  },
});

export const layers: LayerShapes = {
  balance: shape({}),
  "balance, by latency, with ejections": shape({
    load: "peak-ewma",
    defaultRtt: 5,
    outliers: { consecutive: 1, base: 20 },
    waitAt: 1,
  }),
  "balance, by key": {
    ...shape({ pick: maglev({ key, size: 101 }) }),
    opaque: "a blind permit takes one of each endpoint, and they are one service",
  },
};
