// The load generator: a process of its own, so that its work and the gateway's do not wait for each other.
import { attach } from "../process/parent.ts";
import { type ByRoute, byRoute, routes } from "../routes.ts";
import { capacityOf } from "./closed-loop.ts";
import { type LoadSays, type LoadTold, patience } from "./messages.ts";
import { OpenLoop } from "./open-loop.ts";
import { Counter } from "./tally.ts";

/** Enough to keep each backend busy. */
const clients = 8;

const sayTalliesEvery = 200;

const loop = new OpenLoop(Number(process.argv[2]), patience);
const parent = attach<LoadTold, LoadSays>((told) => {
  switch (told.kind) {
    case "offer":
      return loop.offer(
        told.phase,
        byRoute(() => new Counter()),
        told,
      );
    case "rest":
      return loop.rest();
    case "report":
      return parent.tell({ kind: "report", tallies: loop.tallies(), heldUp: loop.heldUp() });
    case "measure":
      return void measure(told.ports, told.ms);
  }
});

const measure = async (ports: ByRoute<number>, ms: number) => {
  // All at once, as in the spike: they share the machine.
  const capacities = await Promise.all(routes.map((route) => capacityOf(ports[route], clients, ms)));
  parent.tell({ kind: "capacity", capacity: byRoute((route) => capacities[routes.indexOf(route)]!) });
};

setInterval(() => parent.tell({ kind: "tallies", tallies: loop.tallies() }), sayTalliesEvery);
