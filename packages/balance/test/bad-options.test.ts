import { type AnyService, serviceFn } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { balance, type BalanceOptions, type ConsistentHash } from "../src/index.ts";

const one = serviceFn(String);
const made = (options: object) => () => balance(options as BalanceOptions<AnyService>);

describe("promise 14: what cannot be is refused at once, by name", () => {
  test.each<[options: object, message: string]>([
    [{ defaultRtt: 5 }, 'balance: defaultRtt must go with load "peak-ewma"; received 5 without it'],
    [{ decay: 5, load: "pending" }, 'balance: decay must go with load "peak-ewma"; received 5 without it'],
    [{ load: "peak-ewma" }, "balance: defaultRtt must be a number above 0 and at most 2147483647; received undefined"],
    [{ load: "ewma" }, 'balance: load must be one of "pending", "peak-ewma"; received "ewma"'],
    [{ avoidRepeats: "yes" }, 'balance: avoidRepeats must be true or false; received "yes"'],
    [{ outliers: 1 }, "balance: outliers must be an object; received 1"],
    [{ outliers: { consecutiv: 1 } }, "balance: outliers: consecutiv is not an option; did you mean consecutive?"],
    [{ outliers: { max: 10 } }, "balance: outliers.max must be a number of 30000 or more; received 10"],
    [
      { outliers: { maxPercent: 101 } },
      "balance: outliers.maxPercent must be a number of 0 or more and at most 100; received 101",
    ],
    [{ endpoint: [] }, "balance: endpoint is not an option; did you mean endpoints?"],
    [
      { endpoints: "ab" },
      'balance: endpoints must be entries [key, service], a Map, or an async iterable of updates; received "ab"',
    ],
    [
      { endpoints: [5] },
      "balance: endpoints must be entries [key, service], a Map, or an async iterable of updates; received an array",
    ],
    [
      { endpoints: [["a", 5]] },
      "balance: each of endpoints must be a service (with tryReady, ready, call); received 5",
    ],
    [{ endpoints: [["a", one, { weight: 0 }]] }, "balance: weight must be a number above 0; received 0"],
    [{ pick: {} }, "balance: pick must be maglev or ring (with key, place); received an object"],
  ])("%j", (options, message) => {
    expect(made(options)).toThrow(message);
  });
});

test("options of ready must be an object", async () => {
  const service = balance({ endpoints: [["a", one]] });
  await expect(service.ready(5 as never)).rejects.toThrow("ready: options must be an object; received 5");
});

test("a way of one's own to go by a key is asked for its places once for each set, and what it throws is a failure of readiness", async () => {
  let placed = 0;
  const last: ConsistentHash<string> = {
    name: "last",
    key: (request) => request,
    place: (endpoints) => {
      placed++;
      return {
        find: (key, accept) => {
          if (key === "bad") throw new Error("no place");
          for (let index = endpoints.length - 1; index >= 0; index--) if (accept(index)) return index;
          return -1;
        },
      };
    },
  };
  const service = balance({
    endpoints: ["a", "b"].map((key) => [key, serviceFn((request: string) => (request === "" ? "" : key))]),
    pick: last,
  });
  for (let call = 0; call < 3; call++) expect(await service.call("x")).toBe("b");
  expect(placed).toBe(1);
  service.delete("b");
  expect(await service.call("x")).toBe("a");
  expect(placed).toBe(2);
  await expect(service.call("bad")).rejects.toThrow("no place");
  const permit = service.tryReady("x")!;
  await expect(permit.call("bad")).rejects.toThrow("no place");
  expect(service.pending).toBe(0);
});
