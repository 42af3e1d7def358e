import { collectGarbage, turn } from "@sluice/test-kit";
import { describe, expect, test } from "vitest";
import {
  gate,
  type Lease,
  type Outcome,
  PermitSpentError,
  type ReadyOptions,
  Semaphore,
  type Service,
  ServiceBuilder,
} from "../src/index.ts";
import { type AnswerSlot, AnswerSlots, type Counts, giveSlots, type Notes } from "../src/internal.ts";
import { Leaf } from "./helper/leaf.ts";

class Note implements Notes {
  request: unknown = undefined;
  forget(): void {
    this.request = undefined;
  }
}

/** Lets everybody in, and writes down what it is told. */
class Counter implements Counts<Note> {
  readonly holds = "answer";
  readonly log: string[] = [];
  readonly notes: Set<Note> = new Set();
  /** What was in the notes when a stay began. */
  readonly found: unknown[] = [];
  refuses = false;
  ending: (() => void) | undefined = undefined;
  private readonly slots: AnswerSlots<Note> = new AnswerSlots(this, () => new Note());

  constructor() {
    giveSlots(Counter.prototype, () => ({ trySlot: (counter) => counter.take() }));
  }

  tryAcquire(): Lease {
    return this.slots.lease(this.take());
  }

  acquire(_options?: ReadyOptions): Promise<Lease> {
    return Promise.resolve(this.tryAcquire());
  }

  started(note: Note, request: unknown): void {
    if (this.refuses) throw new Error("refused");
    note.request = request;
    this.log.push(`start ${request as string}`);
  }

  cancelled(): void {
    this.log.push("cancel");
    this.ending?.();
  }

  ended({ request }: Note, { status }: Outcome): void {
    this.log.push(`${status} ${request as string}`);
    this.ending?.();
  }

  private take(): AnswerSlot<Note> {
    const slot = this.slots.take();
    this.found.push(slot.stay.request);
    this.notes.add(slot.stay);
    return slot;
  }
}

function counted(): { readonly counter: Counter; readonly leaf: Leaf; readonly service: Service<unknown, unknown> } {
  const counter = new Counter();
  const leaf = new Leaf();
  return { counter, leaf, service: gate(counter, { name: "counter" }).wrap(leaf.service) };
}

test("one call after the other has the same slot, and nothing is left of the one before", async () => {
  const { counter, leaf, service } = counted();
  for (const request of ["a", "b"]) {
    const answer = service.call(request);
    leaf.last.respond();
    await answer;
  }
  expect(counter.log).toEqual(["start a", "fulfilled a", "start b", "fulfilled b"]);
  expect(counter.notes.size).toBe(1);
  expect([...counter.notes][0]!.request).toBeUndefined();
  expect(counter.found).toEqual([undefined, undefined]);
});

test("calls at the same time have slots of their own", async () => {
  const { counter, leaf, service } = counted();
  const first = service.call("a");
  const { last } = leaf;
  const second = service.call("b");
  leaf.last.respond();
  await second;
  last.fail(new Error("no"));
  await expect(first).rejects.toThrow("no");
  expect(counter.log).toEqual(["start a", "start b", "fulfilled b", "rejected a"]);
  expect(counter.notes.size).toBe(2);
});

test("when a call is refused at the last moment, its stay is cancelled, and what is reserved inside given back", async () => {
  const counter = new Counter();
  const inside = new Semaphore(1);
  const service = new ServiceBuilder()
    .layer(gate(counter, { name: "counter" }))
    .layer(gate(inside, { name: "inside" }))
    .service(new Leaf().service);
  counter.refuses = true;
  await expect(service.call("a")).rejects.toThrow("refused");
  expect(counter.log).toEqual(["cancel"]);
  expect(inside.active).toBe(0);
});

test("when its end lets somebody in, that one has a slot of its own", async () => {
  const { counter, leaf, service } = counted();
  let inside: Promise<unknown> | undefined;
  counter.ending = () => {
    counter.ending = undefined;
    inside = service.call("b");
  };
  const answer = service.call("a");
  leaf.last.respond();
  await answer;
  leaf.last.respond();
  await inside;
  expect(counter.log).toEqual(["start a", "fulfilled a", "start b", "fulfilled b"]);
  expect(counter.notes.size).toBe(2);
});

test("what the gate throws at the end is reported, and the call has its answer", async () => {
  const { counter, leaf, service } = counted();
  const reported: unknown[] = [];
  const listener = (reason: unknown): void => void reported.push(reason);
  process.on("unhandledRejection", listener);
  try {
    counter.ending = () => {
      throw new Error("mine");
    };
    const answer = service.call("a");
    leaf.last.respond();
    await answer;
    service.tryReady()!.release();
    await turn();
    expect(reported).toEqual([new Error("mine"), new Error("mine")]);
  } finally {
    process.off("unhandledRejection", listener);
  }
});

describe("a lease, for who asks the gate itself", () => {
  test("ends one stay, however often it is told", () => {
    const { counter } = counted();
    const lease = counter.tryAcquire();
    lease.start!("a", {});
    lease.answered!({ status: "fulfilled", value: 1 });
    lease.finish({ status: "fulfilled", value: 1 });
    lease.cancel();
    lease.start!("late", {});
    const other = counter.tryAcquire();
    other.cancel();
    other.cancel();
    expect(counter.log).toEqual(["start a", "fulfilled a", "cancel"]);
  });
});

test("a permit that is released twice, or spent after that, ends one stay", async () => {
  const { counter, service } = counted();
  const permit = service.tryReady()!;
  permit.release();
  permit.release();
  await expect(permit.call("a")).rejects.toThrow(PermitSpentError);
  expect(counter.log).toEqual(["cancel"]);
});

test("after a rush it takes no more memory than before, and permits that are lost take none", () => {
  const heap = (): number => {
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const slots = new AnswerSlots<Note>({ started() {}, cancelled() {}, ended() {} }, () => new Note());
  const before = heap();
  let held = Array.from({ length: 100_000 }, () => slots.take());
  for (const slot of held.slice(0, 50_000)) slot.release();
  held = [];
  // As many slots are 30 MB.
  expect(heap() - before).toBeLessThan(1_500_000);
  slots.take().release();
});
