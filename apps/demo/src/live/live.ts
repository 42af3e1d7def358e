import { readMetrics, readDescription } from "../gateway/metrics.ts";
import type { LiveSays } from "../load/live-generator.ts";
import type { Offer } from "../load/messages.ts";
import { Child } from "../process/child.ts";
import type { GatewayKind } from "../process/gateway-process.ts";
import { type ByRoute, byRoute, type RouteName } from "../routes.ts";
import type { Tally } from "../load/tally.ts";
import type { Conditions } from "./conditions.ts";
import type { Asked, ByLiveRoute, Condition, Described, Point } from "./frame.ts";
import { byLiveRoute, frameOf, type Reading, readingsFor, type SideReading } from "./frame-of.ts";
import { offerOf, usual } from "./load-levels.ts";
import { Side } from "./side.ts";

/** Who watches. */
export interface Watcher {
  /** Told first: what was before. And once more when all that was is forgotten. */
  begin(points: readonly Point[]): void;
  /** Told of each frame, as the server-sent event that it is: written once, whoever watches. */
  look(event: string): void;
}

/** A server-sent event. */
export function eventOf(name: "begin" | "frame", data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

const generator = new URL("../load/live-generator.ts", import.meta.url);
const startWithin = 30_000;
const readEvery = 500;
/** Two minutes for the charts. */
const mostPoints = 240;
/** A page that is loaded again is away for a moment. */
const restAfter = 1500;

const noLoad: Offer = { rates: byRoute(() => 0), greedy: 0 };

/**
 * Both gateways under the same load, while somebody watches. The second gateway, its backends and the load generator are started for the
 * first watcher; without watchers there is no load, and nothing is read. What it costs does not depend on how many there are.
 */
export class Live {
  private readonly first: Side;
  private readonly conditions: Conditions;
  private readonly connections: number;
  private readonly watchers = new Set<Watcher>();
  private begun: Promise<void> | undefined;
  private startingAnew: Promise<void> | undefined;
  private second: Side | undefined;
  private load: Child<Offer, LiveSays> | undefined;
  private tallies: LiveSays["tallies"] | undefined;
  /** For how long the load generator was held up at most since the last reading, or this process, in ms. */
  private heldUp = 0;
  /** When the next reading is. */
  private due = 0;
  private asked = usual;
  private readings: Reading[] = [];
  private points: Point[] = [];
  private reading: NodeJS.Timeout | undefined;
  private resting: NodeJS.Timeout | undefined;
  private isBusy = false;
  private isOver = false;

  constructor(first: Side, conditions: Conditions, connections: number) {
    this.first = first;
    this.conditions = conditions;
    this.connections = connections;
  }

  get watching(): number {
    return this.watchers.size;
  }

  /** From now on it is told, until it is taken away by what this answers with. */
  watch(watcher: Watcher): () => void {
    this.watchers.add(watcher);
    clearTimeout(this.resting);
    watcher.begin(this.points);
    void this.run();
    return () => {
      if (!this.watchers.delete(watcher) || this.watchers.size > 0 || this.isOver) return;
      this.resting = setTimeout(() => this.rest(), restAfter);
    };
  }

  /** Changes what clients ask for. */
  offer(change: Partial<Asked>): void {
    this.asked = { ...this.asked, ...change };
    if (this.reading !== undefined) this.load?.tell(offerOf(this.asked));
  }

  /** From now on the route with layers lets so many in to its backend at once. Whether there is such a gateway by now. */
  limit(route: RouteName, max: number): boolean {
    const side = this.sideOf("layered");
    side?.limit(route, max);
    return side !== undefined;
  }

  /** New processes, and the load of the beginning; once for all who ask for it meanwhile. */
  startAnew(): Promise<void> {
    this.startingAnew ??= this.replaceAll().finally(() => (this.startingAnew = undefined));
    return this.startingAnew;
  }

  private async replaceAll(): Promise<void> {
    await this.conditions.startAnew(async () => {
      this.load?.tell(noLoad);
      await Promise.all([this.first.startAnew(), this.second?.startAnew()]);
    });
    this.forget();
    for (const watcher of this.watchers) watcher.begin(this.points);
    this.offer(usual);
  }

  /** The gateway that was there first is left to whoever started it. */
  async stop(): Promise<void> {
    this.isOver = true;
    clearTimeout(this.resting);
    clearInterval(this.reading);
    this.reading = undefined;
    // What is being started would be left behind else.
    await this.begun?.catch(() => {});
    await Promise.all([this.load?.kill(), this.second?.stop()]);
  }

  private async run(): Promise<void> {
    this.begun ??= this.begin();
    try {
      await this.begun;
    } catch (error) {
      console.error("The live page could not start what it needs.", error);
      // The next watcher tries again.
      this.begun = undefined;
      return;
    }
    if (this.isOver || this.watchers.size === 0 || this.reading !== undefined) return;
    this.due = performance.now() + readEvery;
    this.reading = setInterval(() => void this.read(), readEvery);
    this.offer({});
  }

  private async begin(): Promise<void> {
    const kind = this.first.kind === "layered" ? "plain" : "layered";
    const second = await Side.start(kind, { port: 0, connections: this.connections, log: false });
    this.second = second;
    await this.conditions.add(second.backends);
    const ports = JSON.stringify({ [this.first.kind]: this.first.port, [kind]: second.port });
    const load = new Child<Offer, LiveSays>("the load generator", generator, [ports]);
    load.listen(({ tallies, heldUp }) => {
      this.tallies = tallies;
      this.heldUp = Math.max(this.heldUp, heldUp);
    });
    this.load = load;
    await load.next("tallies", startWithin);
  }

  private rest(): void {
    clearInterval(this.reading);
    this.reading = undefined;
    this.load?.tell(noLoad);
    this.forget();
  }

  private forget(): void {
    this.readings = [];
    this.points = [];
  }

  private async read(): Promise<void> {
    const now = performance.now();
    this.heldUp = Math.max(this.heldUp, now - this.due);
    this.due = now + readEvery;
    // A gateway that is slow to answer is not asked again meanwhile.
    if (this.isBusy) return;
    this.isBusy = true;
    const { readings } = this;
    const [layered, plain] = await Promise.all([this.readSide("layered"), this.readSide("plain")]);
    this.isBusy = false;
    // It was started anew, or nobody watches any more.
    if (readings !== this.readings || this.reading === undefined) return;
    if (layered === undefined || plain === undefined) return;
    readings.push({ at: Date.now(), heldUp: this.heldUp, layered, plain });
    this.heldUp = 0;
    if (readings.length > readingsFor(readEvery)) readings.shift();
    const frame = frameOf(readings, { ...this.asked, conditions: this.conditionsNow() });
    this.points.push(frame.point);
    if (this.points.length > mostPoints) this.points.shift();
    const event = eventOf("frame", frame);
    for (const watcher of this.watchers) watcher.look(event);
  }

  /** Of a gateway that does not answer now: what it said last. */
  private async readSide(kind: GatewayKind): Promise<SideReading | undefined> {
    const side = this.sideOf(kind);
    const tallies: ByRoute<Tally> | undefined = this.tallies?.[kind];
    if (side === undefined || tallies === undefined) return undefined;
    const last = this.readings.at(-1)?.[kind];
    const [metrics = last?.metrics, described = last?.described] = await Promise.all([
      readMetrics(side.port),
      kind === "layered" ? (readDescription(side.port) as Promise<ByRoute<Described> | undefined>) : undefined,
    ]);
    if (metrics === undefined) return undefined;
    return { tallies, metrics, described, backends: byRoute((route) => side.backends.load(route)) };
  }

  private sideOf(kind: GatewayKind): Side | undefined {
    return this.first.kind === kind ? this.first : this.second;
  }

  private conditionsNow(): ByLiveRoute<Condition> {
    return byLiveRoute((route) => this.conditions.now[route]);
  }
}
