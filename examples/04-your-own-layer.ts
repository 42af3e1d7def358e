// A layer of one's own
//
// A layer is a function from service to service: it takes one, and answers with another that does a little more. This
// file makes one from nothing: tracing, with a request id that any function further in can read, although nobody passes
// it down. Then it makes the same in three lines.
//
// The failure it prevents: a log in which the lines of a thousand concurrent requests lie side by side, and no one can
// tell which belongs to which. Passing an id to every function by hand works until the first one that forgets to.

import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import {
  type CallOptions,
  layerFn,
  middleware,
  type Permit,
  type ReadyOptions,
  Service,
  ServiceBuilder,
} from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";

// ── The service that is to be traced ─────────────────────────────────────────────────────────────────────────────────

// Node keeps a value for all that happens on behalf of one call, also after an `await`. Here: the id of the request.
const currentId = new AsyncLocalStorage<string>();

const log: string[] = [];
function note(text: string): void {
  log.push(`${currentId.getStore() ?? "?"} ${text}`);
}

// Far below the layer. Nobody gave it an id, and it reads one.
async function priceOf(fruit: string): Promise<number> {
  note(`looks up the ${fruit}`);
  await Promise.resolve(); // other requests run meanwhile
  note(`found the ${fruit}`);
  return fruit.length;
}

async function quote(fruit: string): Promise<string> {
  if (fruit === "stone") throw new RangeError("no fruit");
  return `${fruit}: ${await priceOf(fruit)} cents`;
}

// ── From nothing ─────────────────────────────────────────────────────────────────────────────────────────────────────

// A service answers three questions: can you take a request now (`tryReady`), can you when it is my turn (`ready`), and,
// with a permit in hand, what is the answer (`permit.call`). This layer changes nothing about readiness, so it hands the
// first two on; what it does, it does in the call, and so it needs a permit of its own around the one it gets.
class TracedPermit<Req, Res, Err> implements Permit<Req, Res, Err> {
  readonly #inner: Permit<Req, Res, Err>;
  readonly #nextId: () => string;

  constructor(inner: Permit<Req, Res, Err>, nextId: () => string) {
    this.#inner = inner;
    this.#nextId = nextId;
  }

  call(request: Req, options?: CallOptions): Promise<Res> {
    return currentId.run(this.#nextId(), () => this.#inner.call(request, options));
  }

  // Whoever reserves, releases: what is given back out here is given back inside.
  release(): void {
    this.#inner.release();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

class Traced<Req, Res, Err> extends Service<Req, Res, Err> {
  readonly #inner: Service<Req, Res, Err>;
  readonly #nextId: () => string;

  constructor(inner: Service<Req, Res, Err>, nextId: () => string) {
    super();
    this.#inner = inner;
    this.#nextId = nextId;
  }

  override tryReady(request?: Req): Permit<Req, Res, Err> | undefined {
    const permit = this.#inner.tryReady(request);
    return permit && new TracedPermit(permit, this.#nextId);
  }

  override async ready(options?: ReadyOptions<Req>): Promise<Permit<Req, Res, Err>> {
    return new TracedPermit(await this.#inner.ready(options), this.#nextId);
  }
}

// With a name, it can stand in any stack. (`numbered` makes the ids: a-1, a-2, a-3, …)
const numbered = (prefix: string) => {
  let last = 0;
  return () => `${prefix}-${++last}`;
};
const tracedFromNothing = layerFn("traced", (inner) => new Traced(inner, numbered("a")));

// ── In three lines ───────────────────────────────────────────────────────────────────────────────────────────────────

// Most layers leave readiness alone, as this one does. For them there is `middleware`: `next` spends the permit, and
// what was reserved is given back when nobody calls it. `options` go along: they carry the caller's signal and deadline.
const nextId = numbered("b");
const traced = middleware("traced", (request, next, options) => currentId.run(nextId(), () => next(request, options)));

// ── Both do the same ─────────────────────────────────────────────────────────────────────────────────────────────────

for (const [title, layer] of [
  ["from nothing", tracedFromNothing],
  ["in three lines", traced],
] as const) {
  log.length = 0;
  // Two at a time: the third waits, and its id is its own all the same.
  const limit = concurrencyLimit(2);
  const quotes = new ServiceBuilder().layer(layer).layer(limit).serviceFn(quote);
  console.log(`${title}: ${layer.name} around ${limit.name}`);

  // Three at once, so that they run through each other.
  const answers = await Promise.all(["apple", "fig", "quince"].map((fruit) => quotes.call(fruit)));
  assert.deepEqual(answers, ["apple: 5 cents", "fig: 3 cents", "quince: 6 cents"]);
  for (const line of log) console.log(`  ${line}`);

  // Each line says for whom it was written: all lines of one id are about one fruit.
  assert.equal(log.length, 6);
  const ids = log.map((line) => line.split(" ")[0]!);
  const fruits = log.map((line) => line.split(" ").at(-1)!);
  assert.equal(new Set(ids).size, 3);
  assert.equal(new Set(ids.map((id, index) => `${id} ${fruits[index]}`)).size, 3);
  assert.notEqual(ids[0], ids[1], "the requests did run through each other");

  // What a good layer also keeps: a permit given back is given back inside, a failure is the failure, and nothing leaks.
  const permit = quotes.tryReady("plum");
  assert.equal(limit.active, 1);
  permit?.release();
  assert.equal(limit.active, 0);
  await assert.rejects(quotes.call("stone"), RangeError);
  assert.equal(limit.active, 0);
  assert.equal(currentId.getStore(), undefined, "and outside of a call there is no id");
}

console.log("three requests ran through each other, and every line knew its own");
