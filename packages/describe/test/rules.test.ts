import { type AnyLayer, type AnyService, gate, madeOf, Semaphore, serviceFn } from "@sluice/core";
import { mockService } from "@sluice/testing";
import { describe as group, expect, test } from "vitest";
import { describe, type WarningRule } from "../src/index.ts";
import { saying, silent, stacked } from "./helper/layers.ts";

// What ours say of themselves, without ours: rules go by that, and not by names.
const limit = (max: number): AnyLayer => saying("a", ["limits"], { max });
const rate = (): AnyLayer => saying("b", ["rates"]);
const queue = (): AnyLayer => saying("c", ["queues"]);
const shed = (): AnyLayer => saying("d", ["sheds"]);
const again = (budget?: boolean): AnyLayer => saying("e", ["repeats"], { budget });
const times = (bound: { ready?: number; call?: number; total?: number }): AnyLayer =>
  saying("f", ["times-out"], { ready: undefined, call: undefined, total: undefined, ...bound });
const gives = (): AnyLayer => times({ total: 9 });
const leaf = (): AnyService => serviceFn(String);
const unknown = (): AnyService => mockService()[0];
const several = (trait: string, branches: readonly AnyService[]): AnyService =>
  madeOf(leaf(), { name: "g", about: { traits: [trait] }, branches: () => branches.entries() });
/** A connection that is made on demand: it says nothing of itself. */
const connecting = (...made: AnyService[]): AnyService =>
  madeOf(leaf(), { name: "h", branches: () => made.map((each) => ["connection", each]) });
const routes = (...branches: AnyService[]): AnyService => several("routes", branches);
const balanced = (...branches: AnyService[]): AnyService => several("balances", branches);

type Stack = readonly [layers: readonly AnyLayer[], leaf?: AnyService];
const rulesOf = ([layers, inside = leaf()]: Stack): readonly (readonly [WarningRule, string])[] =>
  describe(stacked(layers, inside)).warnings.map(({ rule, at }) => [rule, at] as const);

group("promise 31: each rule has a stack that breaks it alone, and the one that mends it", () => {
  test.each<[rule: WarningRule, at: string, broken: Stack, mended: Stack]>([
    ["limit-outside-retry", "ni", [[shed(), limit(9), again(), gives()]], [[shed(), again(), limit(9), gives()]]],
    [
      "limit-outside-routes",
      "ni",
      [[shed(), limit(9)], routes(leaf())],
      [[shed()], routes(stacked([limit(9)], leaf()))],
    ],
    ["buffer-outside-routes", "n", [[queue()], routes(leaf())], [[], routes(stacked([queue()], leaf()))]],
    ["limit-outside-buffer", "ni", [[shed(), limit(9), queue()]], [[shed(), queue(), limit(9)]]],
    ["shed-inside-limit", "nii", [[gives(), limit(9), shed()]], [[shed(), limit(9)]]],
    ["shed-with-nothing-inside", "n", [[shed(), gives()]], [[shed(), limit(9), gives()]]],
    ["timeout-cannot-bound-wait", "n", [[times({ call: 9 }), limit(9)]], [[times({ call: 9, ready: 5 }), limit(9)]]],
    ["unbounded-line", "n", [[limit(9)]], [[shed(), limit(9)]]],
    ["unbounded-line", "n", [[limit(9)]], [[saying("a", ["limits"], { max: 9, boundedLine: true })]]],
    ["retry-without-budget", "n", [[again(false), gives()]], [[again(true), gives()]]],
    ["retry-without-attempt-timeout", "n", [[again()]], [[again(), gives()]]],
    [
      "shed-inside-balance",
      "n_0",
      [[], balanced(stacked([shed(), limit(9)], leaf()))],
      [[shed()], balanced(stacked([limit(9)], leaf()))],
    ],
    [
      "retry-inside-balance",
      "n_0",
      [[], balanced(stacked([again(), gives()], leaf()))],
      [[again()], balanced(stacked([gives()], leaf()))],
    ],
  ])("%s", (rule, at, broken, mended) => {
    expect(rulesOf(broken)).toEqual([[rule, at]]);
    expect(rulesOf(mended)).toEqual([]);
    const [warning] = describe(stacked(broken[0], broken[1] ?? leaf())).warnings;
    expect(warning).toMatchObject({ rule, at, see: `docs/order.md#${rule}` });
    expect(warning!.message).toMatch(/^[A-Z].*\.$/);
    // It is silent where the order is meant.
    expect(describe(stacked(broken[0], broken[1] ?? leaf()), { allow: [rule] }).warnings).toEqual([]);
  });
});

group("what is no mistake", () => {
  test.each<[what: string, stack: Stack]>([
    ["a limit outside retry that has one inside, too", [[shed(), limit(90), again(), limit(9), gives()]]],
    ["a rate outside a buffer: it counts starts", [[shed(), rate(), queue(), limit(9)]]],
    ["a limit outside a buffer that lets in more than the limit inside", [[shed(), limit(90), queue(), limit(9)]]],
    ["a limit outside a buffer for a rate: callers wait in the buffer for that", [[shed(), limit(9), queue(), rate()]]],
    [
      "a limit outside a buffer in front of one that adapts, and may come down to less",
      [[shed(), limit(9), queue(), saying("mine", ["limits"], { min: 1, max: 90 })]],
    ],
    [
      "a limit outside a buffer in front of one for each key, which may be smaller",
      [[shed(), limit(9), queue(), saying("mine", ["limits"], { maxKeys: 90 })]],
    ],
    [
      "a limit outside a buffer in front of a gate that says nothing of itself",
      [[shed(), limit(9), queue(), silent()]],
    ],
    [
      "a limit outside a buffer in front of a service of which nothing is known",
      [[shed(), limit(9), queue()], unknown()],
    ],
    ["a limit without end, which only counts", [[limit(Number.POSITIVE_INFINITY)]]],
    ["loadShed around a service of which nothing is known: it may be full", [[shed()], unknown()]],
    ["loadShed around a gate that says nothing of itself", [[shed(), silent()]]],
    ["loadShed inside a limit, with another limit inside", [[gives(), limit(90), shed(), limit(9)]]],
    ["loadShed outside of it all: nobody waits", [[shed(), times({ call: 9 }), limit(9)]]],
    [
      "a timeout for the call outside a buffer: the wait is in the call",
      [[shed(), times({ call: 9 }), queue(), limit(9)]],
    ],
    [
      "a timeout for the call outside a buffer, which bounds a wait further inside",
      [[times({ call: 9 }), queue(), times({ call: 5 }), limit(9)]],
    ],
    ["a timeout for the wait outside", [[times({ ready: 5 }), times({ call: 9 }), limit(9)]]],
    ["a timeout for both outside", [[times({ total: 5 }), times({ call: 9 }), limit(9)]]],
    ["a limit behind a queue", [[queue(), limit(9)]]],
    [
      "a limit behind what answers in place of a wait, without a timeout and with one",
      [[times({ call: 9 }), saying("mine", [], { wait: false }), limit(9)]],
    ],
    ["a retry of another make, of whose budget nothing is known", [[saying("mine", ["repeats"]), gives()]]],
    ["a timeout of another make, which says not what it bounds", [[again(), saying("mine", ["times-out"])]]],
    ["a timeout on every route", [[again()], routes(stacked([gives()], leaf()), stacked([gives()], leaf()))]],
    ["a timeout for the call inside a retry", [[again(), times({ call: 9 })]]],
    ["loadShed around a rate, which may have none left", [[shed(), rate()]]],
    ["loadShed around a buffer, which may be full", [[shed(), queue()]]],
    ["a retry around a balancer whose endpoints are not there yet", [[again()], balanced()]],
    ["a retry around a table whose routes are not there yet", [[again()], routes()]],
    ["a retry around a route that is not there yet", [[again()], routes(stacked([gives()], leaf()), routes())]],
    ["a retry around a connection that is not there yet", [[again()], connecting()]],
    ["a retry around a service of which nothing is known", [[again()], unknown()]],
    ["loadShed around a balancer without endpoints, which has no room", [[shed()], balanced()]],
    ["loadShed around a connection that is not there", [[shed()], connecting()]],
    ["loadShed around a connection, which may break", [[shed()], connecting(leaf())]],
    ["a limit outside a buffer in front of a connection", [[shed(), limit(9), queue()], connecting(leaf())]],
    [
      "a limit outside a buffer in front of a connection that is not there",
      [[shed(), limit(9), queue()], connecting()],
    ],
    ["nothing at all", [[]]],
  ])("%s", (_what, stack) => {
    expect(rulesOf(stack)).toEqual([]);
  });
});

group("what is one", () => {
  test.each<[what: string, stack: Stack, warned: readonly (readonly [WarningRule, string])[]]>([
    [
      "a limit outside a buffer with nothing inside it that makes anybody wait, whatever it lets in",
      [[shed(), limit(90), queue()]],
      [["limit-outside-buffer", "ni"]],
    ],
    [
      "a limit outside a buffer that lets in no more than the limit inside",
      [[shed(), limit(9), queue(), limit(9)]],
      [["limit-outside-buffer", "ni"]],
    ],
    [
      "loadShed around a layer with a state that only looks on",
      [[shed(), gate(new Semaphore(1), { name: "counts", traits: ["observes"] })]],
      [["shed-with-nothing-inside", "n"]],
    ],
    [
      "a buffer inside an endpoint",
      [[], balanced(stacked([queue(), limit(9)], leaf()))],
      [["shed-inside-balance", "n_0"]],
    ],
    [
      "a timeout of another make, which says not what it bounds, around a line",
      [[saying("mine", ["times-out"]), limit(9)]],
      [["unbounded-line", "ni"]],
    ],
    [
      "a line inside of what has a fact of that name, and is no timeout",
      [[saying("mine", [], { total: 5, call: 5 }), limit(9)]],
      [["unbounded-line", "ni"]],
    ],
    [
      "a timeout for the call around routes of which only the first has a buffer",
      [[times({ call: 9 })], routes(stacked([queue(), limit(9)], leaf()), stacked([limit(9)], leaf()))],
      [["timeout-cannot-bound-wait", "n"]],
    ],
    ["loadShed inside a rate", [[gives(), rate(), shed()]], [["shed-inside-limit", "nii"]]],
    [
      "a limit behind what lets callers wait",
      [[saying("mine", [], { wait: true }), limit(9)]],
      [["unbounded-line", "ni"]],
    ],
    [
      "the line of a limit that adapts, without a bound above: it has one now",
      [[saying("mine", ["limits"], { initial: 9, min: 1, max: Number.POSITIVE_INFINITY })]],
      [["unbounded-line", "n"]],
    ],
    ["of two lines the outer one grows", [[rate(), limit(9)]], [["unbounded-line", "n"]]],
    [
      "a call timeout inside a buffer with no bound outside",
      [[queue(), times({ call: 9 }), limit(9)]],
      [["timeout-cannot-bound-wait", "ni"]],
    ],
    [
      "a wait that is bounded outside a buffer says nothing of the wait inside",
      [[times({ ready: 9 }), queue(), times({ call: 9 }), limit(9)]],
      [["timeout-cannot-bound-wait", "nii"]],
    ],
    [
      "one route without a timeout",
      [[again()], routes(stacked([gives()], leaf()), leaf())],
      [["retry-without-attempt-timeout", "n"]],
    ],
    [
      "a retry around a connection without a timeout",
      [[again()], connecting(leaf())],
      [["retry-without-attempt-timeout", "n"]],
    ],
    ["loadShed around routes that are never full", [[shed()], routes(leaf())], [["shed-with-nothing-inside", "n"]]],
    [
      "a timeout for the wait alone does not bound an attempt",
      [[again(), times({ ready: 9 })]],
      [["retry-without-attempt-timeout", "n"]],
    ],
    [
      "the line of each route",
      [[], routes(stacked([limit(9)], leaf()), stacked([limit(9)], leaf()))],
      [
        ["unbounded-line", "n_0"],
        ["unbounded-line", "n_1"],
      ],
    ],
    [
      "several in one stack",
      [[limit(9), again(false)]],
      [
        ["limit-outside-retry", "n"],
        ["unbounded-line", "n"],
        ["retry-without-budget", "ni"],
        ["retry-without-attempt-timeout", "ni"],
      ],
    ],
  ])("%s", (_what, stack, warned) => {
    expect(rulesOf(stack)).toEqual(warned);
  });

  test("a limit goes by what it is set to now", () => {
    const slots = new Semaphore(90);
    const outer = {
      ...gate(slots, { name: "limit", traits: ["limits"], facts: { max: 90 } }),
      get max() {
        return slots.max;
      },
    };
    const service = stacked([shed(), outer, queue(), limit(9)], leaf());
    expect(describe(service).warnings).toEqual([]);
    slots.max = 9;
    expect(describe(service).warnings.map(({ rule }) => rule)).toEqual(["limit-outside-buffer"]);
    // Without end there is no line.
    const alone = stacked([outer], leaf());
    expect(describe(alone).warnings.map(({ rule }) => rule)).toEqual(["unbounded-line"]);
    slots.max = Infinity;
    expect(describe(alone).warnings).toEqual([]);
  });

  test("a limit that several processes share goes by the share of this one", () => {
    let share = 4;
    const shared = {
      ...saying("shared", ["limits"], { max: 20 }),
      get share() {
        return share;
      },
    };
    const service = stacked([shed(), limit(9), queue(), shared], leaf());
    expect(describe(service).warnings).toEqual([]);
    share = 20;
    expect(describe(service).warnings.map(({ rule }) => rule)).toEqual(["limit-outside-buffer"]);
  });

  test("two layers of one name are told apart by their labels", () => {
    const labelled = gate(new Semaphore(1), { name: "limit", label: "db", traits: ["limits"], facts: { max: 1 } });
    const [warning] = describe(stacked([labelled], leaf())).warnings;
    expect(warning).toMatchObject({ layer: "limit", label: "db" });
    expect(warning!.message).toContain("limit (db)");
  });
});
