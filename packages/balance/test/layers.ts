import { gate, type Layer, layerFn, Semaphore } from "@sluice/core";
import { balance, type BalanceOptions } from "@sluice/balance";
import { maglev } from "@sluice/balance/hash";
import { heldBy, type LayerShape, type LayerShapes } from "@sluice/test-kit";

type Options = Omit<BalanceOptions<any>, "endpoints">;

const limited = (semaphore: Semaphore): Layer => gate(semaphore, { name: "gate" });
const key = (request: string | undefined): string | undefined => request;

/** Over endpoints that are all the same service: what it is ready for is that service's, and a limit's for each. */
const shape = (options: Options): LayerShape => ({
  observes: true,
  calm: (clock) => layerFn("balance", (inner) => balance<any>({ ...options, clock, endpoints: [["only", inner]] })),
  drawn({ size }, clock) {
    const semaphores = Array.from({ length: size }, () => new Semaphore(1));
    const waiting: { readonly waiting: number; readonly pending: number }[] = [];
    const layer = layerFn("balance", (inner) => {
      const endpoints = semaphores.map((semaphore, nth) => [nth, limited(semaphore).wrap(inner)] as const);
      const service = balance<any>({ ...options, clock, endpoints });
      waiting.push(service);
      return service;
    });
    const held = (): number =>
      semaphores.reduce((sum, semaphore) => sum + heldBy(semaphore), 0) +
      waiting.reduce((sum, each) => sum + each.waiting + each.pending, 0);
    return { layer, held, max: size };
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
    opaque: "a blind permit takes one of each endpoint, which are one service",
  },
};
