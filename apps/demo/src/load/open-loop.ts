import { routes, type ByRoute, type RouteName } from "../routes.ts";
import { ask } from "./client.ts";
import { greedyRoute } from "../plan.ts";
import type { Offer } from "./messages.ts";
import type { Class, Counter, Tally } from "./tally.ts";

interface Stream {
  readonly route: RouteName;
  readonly counter: Counter;
  /** Milliseconds between two requests. */
  readonly every: number;
  /** When the next one is due. */
  due: number;
  readonly isGreedy: boolean;
  /** How many it has sent. */
  sent: number;
}

/** What is late by more than so many ms is not sent: it would be a flood of its own, of a machine that was too busy. */
const leftOutAfter = 200;
/** So many clients take turns, and each so many requests one is important: of no client more than of another. */
const clients = 8;
const importantEach = 10;

/**
 * Offers requests at a fixed rate, whatever comes back: users do not wait for each other. A latency counts from when the
 * request was due, so that neither a slow gateway nor a busy generator hides how long somebody waited.
 */
export class OpenLoop {
  private readonly port: number;
  private readonly patience: number;
  private readonly ticking: NodeJS.Timeout;
  private readonly counters = new Map<string, ByRoute<Counter>>();
  private readonly lateness = new Map<string, number>();
  private streams: readonly Stream[] = [];
  private isMarked = true;
  private phase = "";
  private latest = 0;
  private began = 0;

  constructor(port: number, patience: number) {
    this.port = port;
    this.patience = patience;
    this.ticking = setInterval(() => this.tick(), 2);
  }

  /** From now on asks for this, counted under the name of the phase. */
  offer(phase: string, counters: ByRoute<Counter>, { rates, greedy, isMarked = true }: Offer): void {
    this.tick();
    this.isMarked = isMarked;
    this.began = performance.now();
    this.phase = phase;
    this.counters.set(phase, counters);
    this.lateness.set(phase, 0);
    this.streams = routes
      .filter((route) => rates[route] > 0)
      .map((route, index) => {
        const every = 1000 / rates[route];
        // The routes do not march in step.
        return {
          route,
          counter: counters[route],
          every,
          due: this.began + (every * (index + 1)) / (routes.length + 1),
          isGreedy: false,
          sent: 0,
        };
      });
    if (greedy > 0) {
      const counter = counters[greedyRoute];
      this.streams = [
        ...this.streams,
        { route: greedyRoute, counter, every: 1000 / greedy, due: this.began, isGreedy: true, sent: 0 },
      ];
    }
  }

  /** Nothing new from now on. */
  rest(): void {
    this.tick();
    this.streams = [];
  }

  stop(): void {
    clearInterval(this.ticking);
  }

  /** For how long this process was held up at most, in ms, by phase: a busy machine spoils the figures. */
  heldUp(): Record<string, number> {
    return Object.fromEntries(this.lateness);
  }

  /** The same, since this was asked before. */
  heldUpSince(): number {
    const { latest } = this;
    this.latest = 0;
    return latest;
  }

  tallies(): Record<string, ByRoute<Tally>> {
    return Object.fromEntries(
      Array.from(this.counters, ([phase, counters]) => [
        phase,
        Object.fromEntries(routes.map((route) => [route, counters[route].tally()])) as Record<RouteName, Tally>,
      ]),
    );
  }

  /** Sends what is due, also what should have been sent while this process was busy, unless that is long ago. */
  private tick(): void {
    const now = performance.now();
    const earliest = Math.min(now, ...this.streams.map(({ due }) => due));
    this.latest = Math.max(this.latest, now - earliest);
    this.lateness.set(this.phase, Math.max(this.lateness.get(this.phase) ?? 0, now - earliest));
    for (const stream of this.streams) {
      stream.due = Math.max(stream.due, now - leftOutAfter);
      for (; stream.due <= now; stream.due += stream.every) this.send(stream, stream.due, now);
    }
  }

  private send(stream: Stream, due: number, now: number): void {
    const { route, counter, isGreedy } = stream;
    const nth = stream.sent++;
    const isImportant = !isGreedy && nth % importantEach === 0;
    const by: Class = isGreedy ? "greedy" : isImportant ? "important" : "usual";
    const ended = counter.offer(due - this.began, by);
    const client = isGreedy ? "greedy" : `client ${nth % clients}`;
    ask(
      this.port,
      `/${route}`,
      Math.max(1, this.patience - (now - due)),
      (ending) => ended(ending, performance.now() - due),
      { client, isImportant: isImportant && this.isMarked },
    );
  }
}
