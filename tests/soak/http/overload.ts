import { Connection } from "./connection.ts";
import type { Served } from "./served.ts";

/** The result of an overload. Times are in ms. */
export interface Overload {
  /** Good answers a second, with as many callers as there are permits, each of which sends the next request as soon as it is answered. */
  readonly capacity: number;
  readonly offered: number;
  readonly goodput: number;
  readonly asked: number;
  readonly good: number;
  readonly refused: number;
  /** How long each took from the time at which it was due, sorted. */
  readonly times: { readonly good: readonly number[]; readonly refused: readonly number[] };
  /** By how much the clients themselves were late, at most. */
  readonly heldUp: number;
  readonly connections: number;
}

export interface Load {
  readonly served: Served;
  readonly permits: number;
  /** How many times the capacity is offered. */
  readonly times: number;
  readonly seconds: number;
  readonly random: () => number;
  readonly fault: (what: string) => void;
}

/** Measures the capacity, then offers a multiple of it: open-loop, with independent arrivals (Poisson). */
export async function overload({ served, permits, times, seconds, random, fault }: Load): Promise<Overload> {
  const { port } = served;
  const capacity = await capacityOf(port, permits, 1_000 * Math.min(seconds, 5), fault);
  const idle: Connection[] = [];
  const all: Connection[] = [];
  const took = { good: [] as number[], refused: [] as number[] };
  const asks: Promise<void>[] = [];

  const ask = async (due: number): Promise<void> => {
    const path = `/work/${asks.length}`;
    let connection = idle.pop();
    if (connection === undefined) all.push((connection = await Connection.open(port, fault)));
    const answer = await connection.ask(path);
    const at = performance.now();
    if (answer === undefined) return fault("no answer");
    if (answer.last) connection.close();
    else idle.push(connection);
    if (answer.status === 200 && answer.body === path) took.good.push(at - due);
    else if (answer.status === 503) took.refused.push(at - due);
    else fault(`answered with ${answer.status}, ${JSON.stringify(answer.body)}`);
  };

  const offered = capacity * times;
  const gap = (): number => (-Math.log(1 - random()) * 1_000) / offered;
  const began = performance.now();
  const until = began + 1_000 * seconds;
  let heldUp = 0;
  for (let due = began + gap(); due < until;) {
    const now = performance.now();
    heldUp = Math.max(heldUp, now - due);
    while (due <= now && due < until) {
      asks.push(ask(due));
      due += gap();
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  const good = took.good.length;
  await Promise.all(asks);
  for (const connection of all) connection.close();
  // A response closes a moment after its client has it.
  const { active } = await served.counted((counted) => counted.active === 0);
  if (active > 0) fault(`${active} permits are held when all has been answered`);
  for (const each of [took.good, took.refused]) each.sort((one, other) => one - other);
  return {
    capacity,
    offered,
    goodput: good / seconds,
    asked: asks.length,
    good: took.good.length,
    refused: took.refused.length,
    times: took,
    heldUp,
    connections: all.length,
  };
}

async function capacityOf(port: number, callers: number, ms: number, fault: (what: string) => void): Promise<number> {
  // The first calls are compiled.
  const from = performance.now() + ms / 5;
  const until = from + ms;
  let good = 0;
  await Promise.all(
    Array.from({ length: callers }, async () => {
      const connection = await Connection.open(port, fault);
      while (performance.now() < until) {
        const answer = await connection.ask("/work/again");
        const now = performance.now();
        if (answer?.status === 200 && now >= from && now < until) good++;
      }
      connection.close();
    }),
  );
  return (1_000 * good) / ms;
}
