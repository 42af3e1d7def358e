// The load generator of the live page: the same load for both gateways, in one process, until it is told of another one.
import type { GatewayKind } from "../process/gateway-process.ts";
import { attach } from "../process/parent.ts";
import { type ByRoute, byRoute } from "../routes.ts";
import { type Offer, patience } from "./messages.ts";
import { OpenLoop } from "./open-loop.ts";
import { Counter, type Tally } from "./tally.ts";

/** What it says: what became of all that it has sent so far. */
export interface LiveSays {
  readonly kind: "tallies";
  /** For how long it was held up at most since it said so before, in ms: by a machine that is busy. */
  readonly heldUp: number;
  readonly tallies: Readonly<Record<GatewayKind, ByRoute<Tally>>>;
}

const sayEvery = 250;
const phase = "live";

const ports = JSON.parse(process.argv[2] ?? "{}") as Readonly<Record<GatewayKind, number>>;
const sides = { layered: sideOf(ports.layered), plain: sideOf(ports.plain) };
const parent = attach<Offer, LiveSays>((offer) => {
  for (const { loop, counters } of Object.values(sides)) loop.offer(phase, counters, offer);
});
setInterval(() => {
  const [layered, plain] = [sides.layered.counters, sides.plain.counters].map((counters) =>
    byRoute((route) => counters[route].tally()),
  ) as [ByRoute<Tally>, ByRoute<Tally>];
  const heldUp = Math.max(sides.layered.loop.heldUpSince(), sides.plain.loop.heldUpSince());
  parent.tell({ kind: "tallies", heldUp, tallies: { layered, plain } });
}, sayEvery);

function sideOf(port: number): { readonly loop: OpenLoop; readonly counters: ByRoute<Counter> } {
  // It may run for hours: nothing that grows with time.
  return { loop: new OpenLoop(port, patience), counters: byRoute(() => new Counter({ slices: false })) };
}
