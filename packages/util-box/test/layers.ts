import { gate, type Layer, layerFn, Semaphore, serviceFn } from "@sluice/core";
import { heldBy, type LayerShapes } from "@sluice/test-kit";
import { boxLayer, routingTable } from "@sluice/util-box";

const limited = (semaphore: Semaphore): Layer => gate(semaphore, { name: "gate" });

export const layers: LayerShapes = {
  boxLayer: {
    observes: true,
    calm: (_clock, room) => boxLayer(limited(new Semaphore(room))),
    drawn({ size }) {
      const semaphore = new Semaphore(size);
      return { layer: boxLayer(limited(semaphore)), held: () => heldBy(semaphore), max: size };
    },
  },
  "routingTable, of one service": {
    observes: true,
    calm: () => layerFn("routed", (inner) => routingTable({ key: () => "only", routes: new Map([["only", inner]]) })),
  },
  "routingTable, of two services": {
    drawn({ size }) {
      const semaphore = new Semaphore(size);
      const other = serviceFn((request: string) => request);
      const layer = layerFn("routingTable", (inner) => {
        const routes = new Map([
          ["inner", limited(semaphore).wrap(inner)],
          ["other", other],
        ]);
        return routingTable({ key: () => "inner", routes });
      });
      return { layer, held: () => heldBy(semaphore), max: size };
    },
  },
  "routingTable, of one service twice": {
    opaque: "two routes to one service: where that has room for one, there is never one of each",
    drawn({ size }) {
      const semaphores = [new Semaphore(size), new Semaphore(4 - size)];
      const layer = layerFn("routingTable", (inner) => {
        const routes = new Map(semaphores.map((semaphore, nth) => [nth, limited(semaphore).wrap(inner)]));
        return routingTable({ key: (request: string) => request.length % 3, routes, notFound: inner });
      });
      return { layer, held: () => semaphores.reduce((sum, semaphore) => sum + heldBy(semaphore), 0) };
    },
  },
};
