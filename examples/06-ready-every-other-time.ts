// Ready every other time
//
// A service says whether it can take a request before it takes one. The answer is a permit, or "not now"; and work is
// reached through a permit only. This file makes a service that is stubborn on purpose: of those who ask, it turns away
// every other one. Then it tries everything that somebody in a hurry might do instead of asking.
//
// The failure it prevents: the call that nobody was ready for. Where "can you?" and "do!" are two unrelated methods,
// sooner or later somebody calls the second alone, and the work lands on a database that is switching over, or on a
// worker that is full. (In Rust's tower, where this library's ideas come from, such a call may panic.)

import assert from "node:assert/strict";
import { type Permit, PermitSpentError, type ReadyOptions, refuse, Service, ServiceBuilder } from "@sluice/core";
import { isOverloadedError, loadShed } from "@sluice/load-shed";

// A service of one's own is a class with two methods: `tryReady` for those who cannot wait, `ready` for those who can.
class EveryOther extends Service<string, string> {
  asked = 0;
  readonly done: string[] = [];

  override tryReady(): Permit<string, string> | undefined {
    this.asked += 1;
    // `refuse` answers undefined, and leaves beside it who refused, for those who report it (loadShed, further down).
    return this.asked % 2 === 1 ? refuse("everyOther") : this.#permit();
  }

  override async ready({ signal }: ReadyOptions<string> = {}): Promise<Permit<string, string>> {
    let permit = this.tryReady();
    while (permit === undefined) {
      await Promise.resolve(); // a moment later
      signal?.throwIfAborted();
      permit = this.tryReady();
    }
    return permit;
  }

  // A permit is for one call. Here nothing is held for it, so giving it back is only a matter of not using it.
  #permit(): Permit<string, string> {
    let spent = false;
    return {
      call: async (request) => {
        if (spent) throw new PermitSpentError();
        spent = true;
        this.done.push(request);
        return `${request} is done`;
      },
      release() {
        spent = true;
      },
      [Symbol.dispose]() {
        spent = true;
      },
    };
  }
}

// ── Asking ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const service = new EveryOther();
console.log("asking four times");
const answers = [1, 2, 3, 4].map((time) => {
  using permit = service.tryReady(); // `using` gives it back at the end of the block, since nobody spends it here
  console.log(`  ask ${time}               ${permit === undefined ? "not now" : "a permit"}`);
  return permit !== undefined;
});
assert.deepEqual(answers, [false, true, false, true]);
assert.equal(service.done.length, 0, "asking is not calling: no work was done");

// ── Calling without asking ───────────────────────────────────────────────────────────────────────────────────────────

console.log("calling without asking");

// First try: reach for the work. There is nothing to reach for: only permits lead there, and this does not compile.
// @ts-expect-error -- a service has no such method
assert.equal(service.run, undefined);
console.log("  the work itself     there is no such method");

// Second try: `service.call`. Every service has it, and it asks for you: it waits until it is ready, and then calls.
const before = service.asked;
for (const page of ["page 1", "page 2", "page 3"]) {
  console.log(`  service.call        ${await service.call(page)}, at ask ${service.asked}`);
}
assert.deepEqual(service.done, ["page 1", "page 2", "page 3"], "each call was served");
assert.equal(service.asked - before, 6, "and each was turned away once before");

// Third try: use a permit again. It was good for one call. The second is refused and reaches nobody.
const permit = await service.ready();
await permit.call("page 4");
const again = await permit.call("page 5").catch((error: unknown) => error);
assert.ok(again instanceof PermitSpentError);
assert.ok(!service.done.includes("page 5"));
console.log(`  a permit, twice     ${again.name}, and nobody was called`);

// Fourth try: hold on to a permit that was given back.
const kept = await service.ready();
kept.release();
const late = await kept.call("page 6").catch((error: unknown) => error);
assert.ok(late instanceof PermitSpentError);
console.log(`  one given back      ${late.name}, and nobody was called`);

// ── Not wanting to wait ──────────────────────────────────────────────────────────────────────────────────────────────

// A caller with no time to wait says so with a layer. `loadShed` is always ready itself; where the service inside is
// not, the call fails at once, with the name of who refused. Nobody waits, and nobody is called who was not ready.
console.log("calling without waiting");
const impatient = new ServiceBuilder().layer(loadShed()).service(service);
const ends: string[] = [];
for (const page of ["page 7", "page 8", "page 9", "page 10"]) {
  const end = await impatient.call(page).catch((error: unknown) => {
    if (isOverloadedError(error)) return `refused by ${error.layer}`;
    throw error;
  });
  console.log(`  ${page.padEnd(20)}${end}`);
  ends.push(end);
}
assert.deepEqual(ends, ["refused by everyOther", "page 8 is done", "refused by everyOther", "page 10 is done"]);
assert.deepEqual(service.done, ["page 1", "page 2", "page 3", "page 4", "page 8", "page 10"]);

console.log("no call reached the service when it was not ready");
