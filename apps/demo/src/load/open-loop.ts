import { routes, type ByRoute, type RouteName } from "../routes.ts";
import { ask } from "./client.ts";
import type { Counter, Tally } from "./tally.ts";

interface Stream {
  readonly route: RouteName;
  readonly counter: Counter;
  /** Milliseconds between two requests. */
  readonly every: number;
  /** When the next one is due. */
  due: number;
}

/**
 * Offers requests at a fixed rate, whatever comes back: users do not wait for each other. A latency counts from when the
 * request was due, so that neither a slow gateway nor a busy generator hides how long somebody waited.
 */
export class OpenLoop {
  private readonly port: number;
  private readonly patience: number;
  private readonly leftOutAfter: number;
  private readonly ticking: NodeJS.Timeout;
  private readonly counters = new Map<string, ByRoute<Counter>>();
  private readonly lateness = new Map<string, number>();
  private streams: readonly Stream[] = [];
  private phase = "";
  private latest = 0;
  private began = 0;

  /** @param leftOutAfter what is late by more than so many ms is not sent: on a machine that is too busy it would pile up. Default: never */
  constructor(port: number, patience: number, leftOutAfter: number = Number.POSITIVE_INFINITY) {
    this.port = port;
    this.patience = patience;
    this.leftOutAfter = leftOutAfter;
    this.ticking = setInterval(() => this.tick(), 2);
  }

  /** From now on so many requests a second for each route, counted under the name of the phase. */
  offer(phase: string, rates: ByRoute<number>, counters: ByRoute<Counter>): void {
    this.tick();
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
        };
      });
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

  /** Sends all that is due, also what should have been sent while this process was busy. */
  private tick(): void {
    const now = performance.now();
    const earliest = Math.min(now, ...this.streams.map(({ due }) => due));
    this.latest = Math.max(this.latest, now - earliest);
    this.lateness.set(this.phase, Math.max(this.lateness.get(this.phase) ?? 0, now - earliest));
    for (const stream of this.streams) {
      stream.due = Math.max(stream.due, now - this.leftOutAfter);
      for (; stream.due <= now; stream.due += stream.every) this.send(stream, stream.due, now);
    }
  }

  private send({ route, counter }: Stream, due: number, now: number): void {
    const ended = counter.offer(due - this.began);
    ask(this.port, `/${route}`, Math.max(1, this.patience - (now - due)), (ending) => {
      ended(ending, performance.now() - due);
    });
  }
}
