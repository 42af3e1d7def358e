import { events, type LayerEvent, partsOf, takeRefusal } from "@sluice/core";
import { unhandledIn } from "@sluice/test-kit";
import { VirtualClock } from "@sluice/testing";
import { expect, test } from "vitest";
import { maglev } from "../src/hash/index.ts";
import { balance } from "../src/index.ts";
import { backends, entries } from "./helper/backend.ts";

test("what it is made of are its endpoints, of now, and it says what it was made with", () => {
  const all = backends(2);
  const service = balance({ endpoints: entries(all), label: "users", outliers: {}, waitAt: 2 });
  const parts = partsOf(service)!;
  if (!("branches" in parts)) throw new Error("It has branches.");
  expect([...parts.branches()]).toEqual(entries(all));
  expect(parts).toMatchObject({
    name: "balance",
    about: {
      label: "users",
      traits: ["balances"],
      facts: { pick: "two choices", load: "pending", waitAt: 2, outliers: true, panic: 0.5, avoidRepeats: false },
    },
  });
  service.delete("b0");
  expect([...parts.branches()].map(([key]) => key)).toEqual(["b1"]);
  expect(partsOf(balance({ pick: maglev({ key: String }), load: () => 1 }))).toMatchObject({
    about: { facts: { pick: "maglev", load: "a function", panic: undefined } },
  });
});

test("its counters are properties, and toJSON is what a logger needs", () => {
  const all = backends(2, 1);
  const service = balance({ endpoints: entries(all), label: "users" });
  for (let call = 0; call < 3; call++) void service.call("x");
  const counters = { size: 2, ejected: 0, pending: 2, waiting: 1 };
  expect(service).toMatchObject(counters);
  expect(JSON.parse(JSON.stringify(service))).toEqual({ label: "users", ...counters });
});

test("changes are announced where somebody listens, with key, label and source", async () => {
  const heard: LayerEvent[] = [];
  const clock = new VirtualClock();
  const all = backends(2);
  const subscription = events.subscribe((event) => void (event.layer === "balance" && heard.push(event)));
  try {
    const service = balance({
      endpoints: entries(all),
      clock,
      label: "users",
      outliers: { consecutive: 1, base: 100 },
    });
    service.call("x").catch(() => {});
    const failing = all.find(({ open }) => open.length > 0)!;
    failing.fail(new Error("down"));
    await clock.advance(0);
    await clock.advance(100);
    service.tryReady("x")!.release();
    service.delete(failing.name);
    expect(heard.map(({ type, key, until }) => [type, key, until])).toEqual([
      ["added", "b0", undefined],
      ["added", "b1", undefined],
      ["ejected", failing.name, 100],
      ["readmitted", failing.name, undefined],
      ["deleted", failing.name, undefined],
    ]);
    for (const event of heard) expect(event).toMatchObject({ label: "users", source: service });
  } finally {
    subscription[Symbol.dispose]();
  }
});

test("what onChange throws is reported, and changes nothing", async () => {
  const bad = new Error("bad listener");
  const reported = await unhandledIn(() => {
    const service = balance({
      endpoints: entries(backends(1)),
      onChange: () => {
        throw bad;
      },
    });
    expect(service.tryReady("x")).toBeDefined();
  });
  expect(reported).toEqual([bad]);
});

test("an idle balancer has no timer, and neither has one with ejections", async () => {
  const clock = new VirtualClock();
  const all = backends(2);
  const service = balance({
    endpoints: entries(all),
    clock,
    outliers: { consecutive: 1 },
    load: "peak-ewma",
    defaultRtt: 5,
  });
  service.call("x").catch(() => {});
  all.find(({ open }) => open.length > 0)!.fail(new Error("down"));
  await clock.advance(0);
  expect(service.ejected).toBe(1);
  expect(clock.pending).toBe(0);
});

test("a refusal left by somebody else is not taken for an endpoint's", () => {
  const [full] = backends(1, 0);
  const service = balance({ endpoints: entries([full!]) });
  balance({ label: "other" }).tryReady();
  expect(service.tryReady("x")).toBeUndefined();
  expect(takeRefusal()).toMatchObject({ layer: "slots" });
});
