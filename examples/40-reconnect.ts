// A connection that breaks
//
// A database restarts: it is gone for two seconds, and 200 callers a second want something of it. Each caller without a
// connection connects by itself, or there is one connection for all, made anew when it breaks.
//
// The failure it prevents: a storm of connections, to a server that is about to come back; and callers who learn that there is no
// connection only when their call fails.

import assert from "node:assert/strict";
import { type AnyService, raises, type Service, serviceFn } from "@sluice/core";
import { reconnect } from "@sluice/reconnect";
import { exponentialBackoff } from "@sluice/retry";
import { VirtualClock } from "@sluice/testing";

// A clock that only moves when it is told to, so that nobody sits through the seconds.
const clock = new VirtualClock();

class ConnectionLost extends Error {
  readonly code = "CONNECTION_LOST";
}
class ConnectionRefused extends Error {
  readonly code = "CONNECTION_REFUSED";
}

// ── The database ─────────────────────────────────────────────────────────────────────────────────────────────────────

const after = (ms: number): Promise<void> => new Promise((resolve) => void clock.setTimeout(resolve, ms));

/** Is away for two seconds, after the first. A connection takes 20 ms, a query 5, and no connection survives a restart. */
class Database {
  connects = 0;
  private readonly begin = clock.now();

  async connect(): Promise<Service<string, string, ConnectionLost>> {
    this.connects += 1;
    const { era } = this;
    await after(20);
    if (this.away || era !== this.era) throw new ConnectionRefused();
    return serviceFn(async (query: string) => {
      await after(5);
      if (era !== this.era) throw new ConnectionLost();
      return `rows of ${query}`;
    }, raises<ConnectionLost>());
  }

  private get away(): boolean {
    return this.era === 1;
  }

  /** 0 before the restart, 1 while it is away, 2 after it. */
  private get era(): number {
    const since = clock.now() - this.begin;
    return since < 1_000 ? 0 : since < 3_000 ? 1 : 2;
  }
}

// ── Two clients ──────────────────────────────────────────────────────────────────────────────────────────────────────

type Ask = (query: string) => Promise<string>;

/** As it is often written: keep the connection, and whoever has none makes one. */
function byHand(database: Database): Ask {
  let connection: Service<string, string> | undefined;
  return async (query) => {
    connection ??= await database.connect();
    try {
      return await connection.call(query);
    } catch (error) {
      connection = undefined;
      throw error;
    }
  };
}

function reconnecting(database: Database) {
  return reconnect(
    () => database.connect(),
    {
      isBroken: (failure) => failure instanceof ConnectionLost,
      backoff: exponentialBackoff({ base: 100, max: 500, random: () => 0.8 }),
      clock,
    },
    raises<ConnectionRefused>(),
  );
}

async function fiveSeconds(database: Database, ask: Ask) {
  let answered = 0;
  for (let nth = 0; nth < 1_000; nth++) {
    ask("users").then(
      () => (answered += 1),
      () => {},
    );
    await clock.advance(5);
  }
  await clock.advance(1_000);
  return { answered, connects: database.connects };
}

const first = new Database();
const alone = await fiveSeconds(first, byHand(first));
const second = new Database();
const service = reconnecting(second);
const together = await fiveSeconds(second, (query) => service.call(query));

const row = (name: string, { answered, connects }: typeof alone): void =>
  console.log(`${name.padEnd(24)}${String(answered).padStart(4)} of 1,000 answered, ${connects} connections tried`);
row("each by itself:", alone);
row("one for all who wait:", together);

assert.ok(alone.connects > 300); // one a caller, as long as there is none
assert.ok(together.connects < 15); // one a backoff
assert.ok(together.answered >= alone.answered - 100);

// ── Readiness is the connection ──────────────────────────────────────────────────────────────────────────────────────

// A caller who can go elsewhere asks first: it costs nothing, and nothing was sent that would have to be sent again.
const gone = reconnect((): Promise<AnyService> => Promise.reject(new ConnectionRefused()), { clock });
await gone.ready().catch((error: unknown) => assert.ok(error instanceof ConnectionRefused));
assert.equal(gone.tryReady(), undefined);
assert.ok((gone.retryAfter ?? 0) <= 100); // the first backoff, with full jitter
console.log(`without a connection it is ${gone.state}, and says so before the call`);
assert.equal(gone.attempts, 1);
