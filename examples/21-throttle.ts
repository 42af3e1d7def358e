// A throttle on the client's side
//
// A backend does 100 requests a second, and a refusal costs it a tenth of what an answer does. It is offered 100 requests a
// second, then 300, 600, 900 and 1,200. Clients go on asking, for they are many and each of them asks a little.
//
// The failure it prevents: a backend that is busy refusing. Its limit works, and each refusal is cheap; but enough of them
// take all the time that there is, and goodput falls to nothing although nobody is served who should not be.

import assert from "node:assert/strict";
import { OverloadedError, ServiceBuilder } from "@sluice/core";
import { VirtualClock } from "@sluice/testing";
import { throttle } from "@sluice/throttle";

// A clock that only moves when it is told to, so that nobody sits through the minutes.
const clock = new VirtualClock();

// ── The backend ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** Works 1,000 ms a second. An answer takes 10 of them, a refusal 1; what does not fit into its backlog is refused. */
class Backend {
  answered = 0;
  refused = 0;
  private busyUntil = 0;

  ask(): string {
    const now = clock.now();
    this.busyUntil = Math.max(this.busyUntil, now);
    const backlog = this.busyUntil - now;
    if (backlog < 50) {
      this.busyUntil += 10;
      this.answered += 1;
      return "here you are";
    }
    // It has no choice about this one: somebody has to say no.
    this.busyUntil += 1;
    this.refused += 1;
    throw new OverloadedError("backend");
  }
}

interface Seen {
  readonly goodput: number;
  readonly refusals: number;
}

async function offer(perSecond: number, guarded: boolean): Promise<Seen> {
  const backend = new Backend();
  const layer = guarded ? throttle({ k: 1.5, window: 5_000, clock }) : undefined;
  const service = new ServiceBuilder().layer(layer).serviceFn(() => backend.ask());
  const seconds = async (count: number): Promise<void> => {
    for (let nth = 0; nth < perSecond * count; nth++) {
      service.call("shoes").catch(() => {});
      for (let microtask = 0; microtask < 4; microtask++) await Promise.resolve();
      void clock.advance(1_000 / perSecond);
    }
  };
  await seconds(10);
  backend.answered = backend.refused = 0;
  await seconds(10);
  return { goodput: backend.answered / 10, refusals: backend.refused / 10 };
}

// ── With and without ─────────────────────────────────────────────────────────────────────────────────────────────────

console.log("a second:       without                     with a throttle");
console.log("  offered    answered   refused there    answered   refused there");
const cell = (n: number, width: number): string => n.toFixed(0).padStart(width);
for (const offered of [100, 300, 600, 900, 1_200]) {
  const without = await offer(offered, false);
  const withThrottle = await offer(offered, true);
  console.log(
    cell(offered, 9) +
      cell(without.goodput, 12) +
      cell(without.refusals, 16) +
      cell(withThrottle.goodput, 12) +
      cell(withThrottle.refusals, 16),
  );
  // k = 1.5: it refuses about one for each two that it takes, whatever is offered, and has its time for answers.
  assert.ok(withThrottle.goodput > 90);
  if (offered > 600) assert.ok(without.goodput < 50);
}

// ── What it costs those who are refused here ─────────────────────────────────────────────────────────────────────────

// Nothing but the refusal: it comes at once, and says who it was. There is no time to come back at, for it is a share.
const layer = throttle({ minimumPerSecond: 0, label: "search", clock });
const busy = new ServiceBuilder().layer(layer).serviceFn((): string => {
  throw new OverloadedError("backend");
});
const refusedBy: (string | undefined)[] = [];
for (let nth = 0; nth < 20; nth++) {
  await busy.call("shoes").catch((error: unknown) => refusedBy.push((error as OverloadedError).layer));
}
const here = refusedBy.filter((name) => name === "throttle").length;
console.log(`of 20 requests to a backend that takes none, ${here} were refused here, and ${20 - here} there`);
assert.equal(here, layer.refused);
assert.ok(here > 10 && here < 20); // some always pass: how else would it know when the backend takes more?
