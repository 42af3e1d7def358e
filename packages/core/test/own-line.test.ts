import { turn } from "@sluice/test-kit";
import { describe, expect, test } from "vitest";
import { gate, type Lease, type ReadyOptions, Semaphore, type WaitingLine } from "../src/index.ts";
import { Line } from "../src/kit.ts";
import { Leaf } from "./helper/leaf.ts";

/** Two classes of callers: requests of "high" come before all others. */
class TwoClasses<Grant> implements WaitingLine<Grant> {
  private readonly high: Line<Grant>;
  private readonly low: Line<Grant>;

  constructor(serve: () => void) {
    this.high = new Line(serve);
    this.low = new Line(serve);
  }

  get size(): number {
    return this.high.size + this.low.size;
  }

  blocks(request?: unknown): boolean {
    return this.high.blocks() || (request !== "high" && this.low.blocks());
  }

  join(options: ReadyOptions): Promise<Grant> {
    return (options.request === "high" ? this.high : this.low).join(options);
  }

  grant(grant: Grant): void {
    (this.high.size > 0 ? this.high : this.low).grant(grant);
  }
}

describe("a semaphore with a line of one's own", () => {
  test("serves in the order that the line says", async () => {
    const semaphore = new Semaphore(1, { line: (serve) => new TwoClasses(serve) });
    const leaf = new Leaf();
    const service = gate(semaphore, { name: "limit" }).wrap(leaf.service);
    const first = service.call("low");
    const waiting = ["low", "high", "low"].map((request) => service.call(request));
    expect(semaphore.waiting).toBe(3);
    for (let served = 0; served < 4; served++) {
      leaf.last.respond();
      await turn();
    }
    await Promise.all([first, ...waiting]);
    expect(leaf.calls.map(({ request }) => request)).toEqual(["low", "high", "low", "low"]);
    expect(semaphore.idle).toBe(true);
  });

  test("serves those in line when max is raised", async () => {
    const semaphore = new Semaphore(0, { line: (serve) => new TwoClasses(serve) });
    const waiting = semaphore.acquire({ request: "low" });
    semaphore.max = 1;
    (await waiting).cancel();
    expect(semaphore.idle).toBe(true);
  });

  test("serves a caller for whom there is room by the time it stands in line: what join asks may have made some", async () => {
    let asked = (): void => {};
    class Asking<Grant> extends TwoClasses<Grant> {
      override join(options: ReadyOptions): Promise<Grant> {
        asked();
        return super.join(options);
      }
    }
    const semaphore = new Semaphore(1, { line: (serve) => new Asking(serve) });
    const held = semaphore.tryAcquire();
    asked = () => held?.cancel();
    const lease = await semaphore.acquire({ request: "low" });
    expect([semaphore.active, semaphore.waiting]).toEqual([1, 0]);
    lease.cancel();
    // And behind one who was there before: that one is first.
    const again = semaphore.tryAcquire();
    asked = () => {};
    const order: string[] = [];
    const first = semaphore.acquire({ request: "low" }).then((granted) => {
      order.push("first");
      granted.cancel();
    });
    asked = () => again?.cancel();
    const second = semaphore.acquire({ request: "low" }).then((granted) => {
      order.push("second");
      granted.cancel();
    });
    await Promise.all([first, second]);
    expect(order).toEqual(["first", "second"]);
    expect(semaphore.idle).toBe(true);
  });

  test.each([
    [5, "Semaphore: line must be a function; received 5"],
    [
      () => ({}),
      "Semaphore: line must be a function that returns a line (with blocks, join, grant); received a function that returns an object",
    ],
    [
      () => {
        throw new Error("trap");
      },
      "Semaphore: line must be a function that returns a line (with blocks, join, grant); received a function that throws",
    ],
  ])("refuses %s", (line, message) => {
    expect(() => new Semaphore(1, { line: line as never })).toThrow(new TypeError(message));
  });
});

describe("a waiter", () => {
  test("is the last in line right after it joined, and may be served or refused before others", async () => {
    const line = new Line<string>(() => {});
    const one = line.join({ request: 1 });
    const two = line.join({ request: 2 });
    const { last } = line;
    expect(last?.options.request).toBe(2);
    line.grant("granted", last);
    expect(await two).toBe("granted");
    line.refuse(new Error("made room"), line.first);
    await expect(one).rejects.toThrow("made room");
    expect(() => line.refuse("again", last)).toThrow(RangeError);
    expect(line.size).toBe(0);
  });
});

test("idle is true while nobody holds a slot and nobody waits", async () => {
  const semaphore = new Semaphore(1);
  expect(semaphore.idle).toBe(true);
  const lease = semaphore.tryAcquire()!;
  expect(semaphore.idle).toBe(false);
  const waiting = semaphore.acquire();
  lease.cancel();
  (await waiting).cancel();
  expect(semaphore.idle).toBe(true);
  semaphore.max = 0;
  void semaphore.acquire();
  expect(semaphore).toMatchObject({ active: 0, idle: false });
});

test.each([true, false, undefined])("a semaphore says whether its line refuses by itself: %s", (bounded) => {
  const line = (serve: () => void) => Object.assign(new Line<Lease>(serve), { bounded });
  expect(new Semaphore(1, { line }).bounded).toBe(bounded === true);
  expect(new Semaphore(1).bounded).toBe(false);
});
