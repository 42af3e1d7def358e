// An adaptive limit
//
// A server has 50 workers, and a call takes one of them 16 to 24 ms: 2,500 calls a second, if 50 are there at any time. Behind
// the workers it has a queue of its own, in which every further call waits. 400 callers always want something. How many calls
// should be let through to it? That is tried with limits that stay, and with one that finds itself. After a while four of
// five workers are lost.
//
// The failure it prevents: the limit that was right when somebody set it. Today the server has more workers, or the calls have
// become slower: then the limit is too low, and workers idle while callers wait; or it is too high, and every call stands in
// the server's queue, where nobody can see it, shed it or let a more important one go first.

import assert from "node:assert/strict";
import { adaptiveLimit, gradient, vegas } from "@sluice/adaptive-limit";
import { type AnyLayer, ServiceBuilder } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { VirtualClock } from "@sluice/testing";

// ── The server ───────────────────────────────────────────────────────────────────────────────────────────────────────

class Server {
  workers = 50;
  served = 0;
  latency = 0; // of all that were served, in ms
  #busy = 0;
  readonly #queue: (() => void)[] = [];
  readonly #clock: VirtualClock;
  #draw = 1;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  serve(): Promise<void> {
    const began = this.#clock.now();
    return new Promise((resolve) => {
      this.#queue.push(() => {
        this.served += 1;
        this.latency += this.#clock.now() - began;
        resolve();
      });
      this.#work();
    });
  }

  #work(): void {
    while (this.#busy < this.workers && this.#queue.length > 0) {
      const answer = this.#queue.shift();
      this.#busy += 1;
      this.#draw = (this.#draw * 16_807) % 2_147_483_647; // the same numbers on every machine
      this.#clock.setTimeout(
        () => {
          this.#busy -= 1;
          answer?.();
          this.#work();
        },
        16 + (8 * this.#draw) / 2_147_483_647,
      );
    }
  }
}

// ── What is tried ────────────────────────────────────────────────────────────────────────────────────────────────────

interface Tried {
  readonly layer: AnyLayer;
  readonly limit: () => number;
}

const fixed = (max: number): Tried => ({ layer: concurrencyLimit(max), limit: () => max });

// What it finds out, it finds out from windows of at least 100 ms (the default is a second, which is steadier): how long calls
// take, compared with how long they take without a queue.
const window = { time: 100 };

const tried: Readonly<Record<string, (clock: VirtualClock) => Tried>> = {
  "a limit of 20": () => fixed(20),
  "a limit of 400": () => fixed(400),
  "vegas()": (clock) => {
    const layer = adaptiveLimit(vegas(), { clock, window });
    return { layer, limit: () => layer.limit };
  },
  "gradient()": (clock) => {
    const layer = adaptiveLimit(gradient(), { clock, window });
    return { layer, limit: () => layer.limit };
  },
};

interface Seen {
  readonly limit: number;
  readonly rate: number;
  readonly latency: number;
}

async function run(make: (clock: VirtualClock) => Tried): Promise<{ readonly all: Seen; readonly few: Seen }> {
  const clock = new VirtualClock();
  const server = new Server(clock);
  const { layer, limit } = make(clock);
  const service = new ServiceBuilder().layer(layer).serviceFn(() => server.serve());
  const again = (): void => void service.call(undefined).then(again);
  for (let caller = 0; caller < 400; caller += 1) again();

  const see = async (seconds: number): Promise<Seen> => {
    const { served, latency } = server;
    await clock.advanceAsync(seconds * 1_000);
    const since = server.served - served;
    return { limit: limit(), rate: since / seconds, latency: (server.latency - latency) / since };
  };

  await see(10);
  const all = await see(2);
  server.workers = 10;
  await see(5);
  const few = await see(2);
  return { all, few };
}

// ── What is seen ─────────────────────────────────────────────────────────────────────────────────────────────────────

const told = ({ limit, rate, latency }: Seen): string =>
  `${limit.toFixed(0).padStart(5)} ${rate.toFixed(0).padStart(8)} ${latency.toFixed(0).padStart(6)} ms`;

console.log("                          50 workers                10 workers");
console.log("                  limit  served/s  latency  limit  served/s  latency");
const seen: Record<string, { readonly all: Seen; readonly few: Seen }> = {};
for (const [name, make] of Object.entries(tried)) {
  const result = await run(make);
  seen[name] = result;
  console.log(`${name.padEnd(16)}${told(result.all).padStart(23)}${told(result.few).padStart(27)}`);
}

// Too low: less than half of what the server can do. Too high: all of it, and each call waits for 350 others.
assert.ok(seen["a limit of 20"]!.all.rate < 1_250);
assert.ok(seen["a limit of 400"]!.all.latency > 150 && seen["a limit of 400"]!.few.latency > 700);

// Those that find themselves: all that the server can do, with hardly anybody in its queue; with 10 workers, too.
for (const name of ["vegas()", "gradient()"]) {
  const { all, few } = seen[name]!;
  assert.ok(all.rate > 2_450 && all.latency < 24, name);
  assert.ok(few.rate > 490 && few.latency < 60, name);
}
// The others wait in the limit's line instead, where they can be counted, shed, given up on, or served by priority.
