import { expect, test } from "vitest";
import { layerFn, refuse, Semaphore, gate, ServiceBuilder, takeRefusal } from "../src/index.ts";
import { ask, passageNumber, peekRefusal, stackOf, stackService } from "../src/internal.ts";
import { Leaf } from "./helper/leaf.ts";

/** The passages in which a layer was asked, by how it was asked. */
function asked() {
  const log: [how: string, passage: number][] = [];
  const watching = layerFn("watching", (service) => {
    const inner = stackOf(service);
    return stackService({
      tryReserve(request) {
        log.push(["try", passageNumber()]);
        return inner.tryReserve(request);
      },
      reserve(asker) {
        log.push(["wait", passageNumber()]);
        inner.reserve(asker);
      },
    });
  });
  const service = new ServiceBuilder()
    .layer(watching)
    .layer(gate(new Semaphore(0), { name: "full" }))
    .service(new Leaf().service);
  return { log, service };
}

test("a call that waits asks twice in one passage; two questions are two passages", () => {
  const { log, service } = asked();
  void service.call("a");
  service.tryReady("b");
  service.tryReady("c");
  const passages = log.map(([, passage]) => passage);
  expect(log.map(([how]) => how)).toEqual(["try", "wait", "try", "try"]);
  expect(passages[1]).toBe(passages[0]);
  expect(new Set(passages).size).toBe(3);
});

test("what is asked after the end of a passage is not in it", () => {
  const { log, service } = asked();
  service.tryReady("a");
  // As a timer does, for a further attempt: without an edge that opens a passage.
  ask(
    stackOf(service),
    {},
    () => {},
    () => {},
  );
  const passages = log.map(([, passage]) => passage);
  expect(log.map(([how]) => how)).toEqual(["try", "wait"]);
  expect(passages[1]).not.toBe(passages[0]);
});

test("a refusal that is only looked at stays for whoever reports it", () => {
  refuse("limit", { retryAfter: 5 });
  expect(peekRefusal()).toMatchObject({ layer: "limit", retryAfter: 5 });
  expect(takeRefusal()).toMatchObject({ layer: "limit", retryAfter: 5 });
  expect(peekRefusal()).toBeUndefined();
});
