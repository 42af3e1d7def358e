import {
  type AnyLayer,
  type AnyService,
  events,
  gate,
  type LayerEvent,
  madeOf,
  middleware,
  type Permit,
  Semaphore,
  Service,
  ServiceBuilder,
  serviceFn,
} from "@sluice/core";
import { mockService } from "@sluice/testing";
import { describe as group, expect, test, vi } from "vitest";
import { describe } from "../src/index.ts";
import { saying, stacked } from "./helper/layers.ts";

const leaf = (): AnyService =>
  serviceFn(async function lookUp(name: string) {
    return name;
  });

/** A choice between services. */
function choice(branches: Iterable<readonly [unknown, AnyService]>): AnyService {
  return madeOf(leaf(), { name: "choice", about: { label: "routes", traits: ["routes"] }, branches: () => branches });
}

group("promise 30: every service has a description", () => {
  test("with what its layers say of themselves, and what they count at this moment", async () => {
    const slots = new Semaphore(2);
    const limit = {
      ...gate(slots, { name: "limit", label: "db", traits: ["limits"], facts: { max: 2, until: undefined } }),
      get active() {
        return slots.active;
      },
      set: new Set([1]),
      text: "not a number",
    };
    const service = new ServiceBuilder()
      .layer(middleware("plain", (request, next) => next(request)))
      .layer(limit)
      .service(leaf());
    const permit = service.tryReady("a" as never)!;
    const { root } = describe(service, { allow: ["unbounded-line"] });
    expect(root).toEqual({
      id: "n",
      layer: "plain",
      label: undefined,
      traits: [],
      facts: {},
      numbers: {},
      inner: {
        id: "ni",
        layer: "limit",
        label: "db",
        traits: ["limits"],
        facts: { max: 2, until: undefined },
        numbers: { active: 1 },
        inner: { id: "nii", layer: "serviceFn", label: "lookUp", traits: ["ready"], facts: {}, numbers: {} },
      },
    });
    permit.release();
    expect(describe(service).root.inner?.numbers).toEqual({ active: 0 });
    // What was described stays as it was.
    expect(root.inner?.numbers).toEqual({ active: 1 });
  });

  test("what is unknown is called so", () => {
    class Foreign extends Service<string, string> {
      override tryReady(): Permit<string, string> | undefined {
        return expect.unreachable();
      }
      override ready(): Promise<Permit<string, string>> {
        return expect.unreachable();
      }
    }
    const nothingKnown = { id: "n", layer: "service", traits: [], facts: {}, numbers: {} };
    expect(describe(new Foreign()).root).toEqual(nothingKnown);
    const { root } = describe(stacked([saying("mine", [])], new Foreign()));
    expect(root.inner).toEqual({ ...nothingKnown, id: "ni" });
    expect(describe(new Foreign()).toString()).toBe("service");
  });

  test("branches have their keys, and each its own id", () => {
    const keys = ["/a", 7, Symbol("s"), undefined, { key: 1 }];
    const { root } = describe(choice(keys.map((key) => [key, leaf()])));
    expect(root).toMatchObject({ id: "n", layer: "choice", label: "routes", traits: ["routes"] });
    expect(root.branches?.map(({ key, node }) => [key, node.id, node.layer])).toEqual([
      ["/a", "n_0", "serviceFn"],
      ["7", "n_1", "serviceFn"],
      ["Symbol(s)", "n_2", "serviceFn"],
      ["undefined", "n_3", "serviceFn"],
      ["an object", "n_4", "serviceFn"],
    ]);
  });

  test("a service that leads back to itself is told once", () => {
    const routes = new Map<string, AnyService>();
    const table = choice(routes);
    const around = stacked([saying("around", [])], table);
    routes.set("again", around);
    routes.set("leaf", leaf());
    const { root } = describe(around);
    expect(root.inner?.branches?.map(({ node }) => [node.layer, node.facts])).toEqual([
      ["service", { "same as": "n" }],
      ["serviceFn", {}],
    ]);
  });

  test("the line in which callers of a layer wait is shown by all that it counts, each by its path", () => {
    const line = Object.assign(() => {}, {
      toJSON: () => ({ name: "byAge", served: 3, endless: Infinity, levels: [{ waiting: 2, label: "old" }, null] }),
    });
    const { root } = describe(stacked([{ ...saying("mine", ["limits"]), active: 1, line } as AnyLayer], leaf()));
    expect(root.numbers).toEqual({ active: 1, "line.served": 3, "line.levels.0.waiting": 2 });
    expect(root.facts).toEqual({ line: "byAge" });
    const labelled = Object.assign(() => {}, { toJSON: () => ({ name: "byAge", label: "old" }) });
    const mine = { ...saying("mine", ["limits"]), line: labelled } as AnyLayer;
    expect(describe(stacked([mine], leaf())).root.facts).toEqual({ line: "byAge (old)" });
  });

  test("what is counted by name is shown by name, the first 20", () => {
    const refusedBy = new Map<unknown, unknown>([
      ["limit", 3],
      ["text", "3"],
      [5, 3],
    ]);
    const layer = { ...saying("mine", []), refusedBy } as AnyLayer;
    expect(describe(stacked([layer], leaf())).root.numbers).toEqual({ "refusedBy.limit": 3 });
    for (let nth = 0; nth < 1000; nth++) refusedBy.set(`tenant ${nth}`, 1);
    expect(Object.keys(describe(stacked([layer], leaf())).root.numbers)).toHaveLength(18);
  });

  test("what a service counts is shown, too, where its class says it", () => {
    class Pool extends Service<string, string> {
      readonly made = 2;
      override tryReady(): Permit<string, string> | undefined {
        return expect.unreachable();
      }
      override ready(): Promise<Permit<string, string>> {
        return expect.unreachable();
      }
      get state(): string {
        return "open";
      }
      get idle(): number {
        return 1;
      }
      get refusedBy(): ReadonlyMap<string, number> {
        return new Map([["limit", 3]]);
      }
      get broken(): number {
        throw new Error("not now");
      }
    }
    class Named extends Pool {
      get leased(): number {
        return 5;
      }
    }
    const pool = madeOf(new Named(), { name: "pool", branches: () => [] });
    expect(describe(pool).root.numbers).toEqual({ made: 2, idle: 1, leased: 5, "refusedBy.limit": 3 });
    expect(describe(pool).toString()).toContain("idle 1");
  });

  test("a line that cannot be read is left out", () => {
    const endless: Record<string, unknown> = { waiting: 1 };
    endless["self"] = endless;
    const throwing = { toJSON: () => JSON.parse("no") as unknown };
    for (const line of [endless, throwing, () => {}, undefined, null, "first come", 4n]) {
      const { root } = describe(stacked([{ ...saying("mine", []), active: 1, line } as AnyLayer], leaf()));
      expect(root.numbers).toEqual({ active: 1 });
    }
  });

  test("branches that have no keys are left out, as those that cannot be read", () => {
    const services = [leaf(), leaf()] as readonly AnyService[];
    const odd = madeOf(leaf(), { name: "odd", branches: () => services as never });
    expect(describe(stacked([saying("mine", [])], odd)).root.inner).toEqual(
      describe(stacked([saying("mine", [])], madeOf(leaf(), { name: "odd", branches: () => [] }))).root.inner,
    );
  });

  test("what cannot be read is left out", () => {
    const throwing = (): never => {
      throw new Error("not to be read");
    };
    const service = madeOf(leaf(), { name: "odd", branches: throwing });
    expect(describe(service).root).toMatchObject({ layer: "odd", facts: {}, numbers: {} });
    const base = {
      ...saying("spread", []),
      fine: 1,
      about: { label: 5, traits: ["limits", 5], facts: { max: 3, list: [] } } as never,
    };
    const spread = Object.defineProperty({ ...base }, "broken", { get: throwing, enumerable: true });
    expect(describe(stacked([spread], leaf())).root).toMatchObject({
      layer: "spread",
      label: undefined,
      traits: ["limits"],
      facts: { max: 3 },
      numbers: { fine: 1 },
    });
    for (const about of [
      {
        get traits() {
          return throwing();
        },
        get facts() {
          return throwing();
        },
        get label() {
          return throwing();
        },
      },
      { traits: 5, facts: null },
      null,
    ]) {
      const { root } = describe(stacked([{ ...base, about: about as never }], leaf()));
      expect(root).toMatchObject({ layer: "spread", label: undefined, traits: [], facts: {} });
    }
    const hidden = madeOf(new Proxy(leaf(), { ownKeys: throwing }), { name: "hidden", branches: () => [] });
    expect(describe(hidden).root.numbers).toEqual({});
  });
});

group("promise 32: JSON survives a round trip", () => {
  test("with numbers that JSON does not have, and members that are undefined", () => {
    const counting = {
      ...saying("counting", ["limits"], { max: Number.POSITIVE_INFINITY, retryAfter: undefined, on: true }),
      left: Number.NaN,
    };
    const description = describe(choice([["a", stacked([counting], leaf())]]));
    const json = JSON.parse(JSON.stringify(description)) as object;
    expect(json).toEqual(description.toJSON());
    expect(json).toEqual({
      root: {
        id: "n",
        layer: "choice",
        label: "routes",
        traits: ["routes"],
        facts: {},
        numbers: {},
        branches: [
          {
            key: "a",
            node: {
              id: "n_0",
              layer: "counting",
              traits: ["limits"],
              facts: { max: "Infinity", on: true },
              numbers: { left: "NaN" },
              inner: { id: "n_0i", layer: "serviceFn", label: "lookUp", traits: ["ready"], facts: {}, numbers: {} },
            },
          },
        ],
      },
      warnings: [],
    });
  });

  test("and the warnings with it", () => {
    const description = describe(stacked([saying("again", ["repeats"], { budget: false })], leaf()), {
      allow: ["retry-without-attempt-timeout"],
    });
    const { warnings } = JSON.parse(JSON.stringify(description)) as { warnings: unknown };
    expect(warnings).toEqual(description.toJSON().warnings);
    expect(warnings).toMatchObject([{ rule: "retry-without-budget", at: "n", layer: "again" }]);
  });
});

group("as text", () => {
  test("what a layer was made with is shown as it is, and what it counts as far as one reads it", () => {
    const facts = { quantile: 0.95, failureRatio: 0.05, share: 1 / 3, interval: 2_147_483_647, max: Infinity };
    const layer = { ...saying("mine", [], facts), rtt: 12.3456, probability: 0.0417, refused: 1_234_567 } as AnyLayer;
    expect(
      describe(stacked([layer], leaf()))
        .toString()
        .split("\n")[0],
    ).toBe(
      "mine                quantile 0.95, failureRatio 0.05, share 0.333, interval 2147483647, max Infinity, " +
        "rtt 12.346, probability 0.042, refused 1234567",
    );
  });

  test("a line for each layer, branches under their keys, and the warnings", () => {
    const limit = { ...saying("limit", ["limits"], { max: 64, label: "none" }), active: 2.0499, max: 32 };
    const again = saying("again", ["repeats"], { budget: false });
    const service = stacked(
      [saying("shed", ["sheds"], { wait: 0 }), again],
      choice([
        ["/a", stacked([limit], leaf())],
        ["/b\\n", leaf()],
      ]),
    );
    expect(describe(service, { allow: ["retry-without-attempt-timeout"] }).toString()).toBe(
      [
        "shed                   wait 0",
        "again                  budget false  ! retry-without-budget",
        "choice (routes)",
        '├─ "/a"',
        "│  limit               label none, active 2.05, max 32",
        "│  serviceFn (lookUp)",
        '└─ "/b\\\\n"',
        "   serviceFn (lookUp)",
        "",
        "! retry-without-budget: When the other side is down, again makes several calls of each request. Give it a budget. See docs/order.md#retry-without-budget",
      ].join("\n"),
    );
  });

  test("what is not set is not shown", () => {
    const mine = saying("mine", [], { until: undefined, max: 3 });
    expect(
      describe(stacked([mine], leaf()))
        .toString()
        .split("\n")[0]
        ?.trimEnd(),
    ).toMatch(/^mine +max 3$/);
  });

  test("as JSON it is what comes back from JSON, with nothing that is undefined", () => {
    const mine = saying("mine", [], { until: undefined, max: Infinity });
    const plain = describe(stacked([mine], choice([["a", leaf()]]))).toJSON();
    expect(JSON.parse(JSON.stringify(plain))).toStrictEqual(plain);
  });

  test("a label cannot break a line", () => {
    const labelled = middleware("mine", (request, next) => next(request), { label: "a\n! fake\u001B[31m\u2028b" });
    const text = describe(stacked([labelled], choice([["k\r\n", leaf()]]))).toString();
    expect(text.split("\n")).toHaveLength(4);
    // oxlint-disable-next-line no-control-regex -- none of these may be there
    expect(text).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u2028]/);
  });

  test("of thousands of branches it shows a few, and how many there are", () => {
    const routes = Array.from({ length: 5_000 }, (_, index) => [index, leaf()] as const);
    const description = describe(choice(routes));
    expect(description.toString().split("\n").at(-1)).toBe("└─ and 4980 more");
    expect(description.toMermaid()).toContain('n --> n_more["and 4980 more"]');
    expect(description.root.branches).toHaveLength(5_000);
  });
});

group("promise 33: a label with quotes or angle brackets breaks no Mermaid", () => {
  test("each is written by its number", () => {
    const label = "\"];\n<script>`#&|{}\\~^'é日";
    const labelled = middleware("mine", (request, next) => next(request), { label });
    const mermaid = describe(stacked([labelled], choice([['"|', leaf()]]))).toMermaid();
    expect(mermaid.split("\n")).toEqual([
      "flowchart TD",
      '  n["mine (#34;#93;; #60;script#62;#96;#35;#38;#124;#123;#125;#92;#126;#94;#39;é日)"]',
      "  n --> ni",
      '  ni["choice (routes)"]',
      '  ni -->|"#34;#124;"| ni_0',
      '  ni_0["serviceFn (lookUp)"]',
    ]);
  });

  test("a key without a character is written as the text has it, for Mermaid takes no empty label", () => {
    const described = describe(choice([["", leaf()]]));
    expect(described.toMermaid().split("\n")).toContain('  n -->|"#34;#34;"| n_0');
    expect(described.toString()).toContain('─ ""');
  });

  test("figures stand on a line of their own, and what is warned of is marked", () => {
    const mermaid = describe(stacked([saying("again", ["repeats"], { budget: false })], leaf())).toMermaid();
    expect(mermaid.split("\n")).toEqual([
      "flowchart TD",
      '  n["again<br>budget false"]',
      "  n --> ni",
      '  ni["serviceFn (lookUp)"]',
      "  classDef warned stroke:#c00,stroke-width:3px",
      "  class n warned",
    ]);
  });

  test("several figures, and several that are warned of, are told apart", () => {
    const layers = [saying("mine", ["limits"], { max: 9, min: 1 }), saying("again", ["repeats"], { budget: false })];
    const lines = describe(stacked(layers, leaf())).toMermaid().split("\n");
    expect(lines).toContain('  n["mine<br>max 9, min 1"]');
    expect(lines.at(-1)).toBe("  class n,ni warned");
  });

  test("of as many branches as are drawn none is left", () => {
    const description = describe(choice(Array.from({ length: 20 }, (_, index) => [index, leaf()] as const)));
    expect(description.toMermaid()).not.toContain("more");
    expect(description.toString()).not.toContain("more");
  });

  test("what is not drawn is not marked", () => {
    const routes = Array.from(
      { length: 25 },
      (_, index) =>
        [index, index < 24 ? leaf() : stacked([saying("again", ["repeats"], { budget: false })], leaf())] as const,
    );
    expect(describe(choice(routes)).toMermaid()).not.toContain("warned");
  });
});

group("promise 34: it asks for no permit and changes nothing", () => {
  test("of a service of another make it calls nothing", () => {
    const [inner, handle] = mockService<string, string>();
    const service = new ServiceBuilder().layer(gate(new Semaphore(1), { name: "one" })).service(inner);
    const before = { ...handle };
    describe(service).toString();
    expect({ ...handle }).toEqual(before);
    expect(handle).toMatchObject({ reserved: 0, waiting: 0, calls: 0, released: 0 });
    const foreign = { tryReady: vi.fn<() => undefined>(), ready: vi.fn<() => never>(), call: vi.fn<() => never>() };
    describe(foreign);
    for (const method of Object.values(foreign)) expect(method).not.toHaveBeenCalled();
  });
});

group("the event `order`", () => {
  test("is announced once for a service and a warning, where somebody listens", () => {
    const heard: LayerEvent[] = [];
    const service = stacked([saying("again", ["repeats"], { budget: false })], leaf());
    describe(service);
    const subscription = events.subscribe((event) => heard.push(event));
    describe(service, { allow: ["retry-without-attempt-timeout"] });
    const first = { type: "order", layer: "describe", source: service, rule: "retry-without-budget", at: "n" };
    expect(heard).toEqual([first]);
    describe(service);
    expect(heard).toEqual([first, { ...first, rule: "retry-without-attempt-timeout" }]);
    describe(service);
    expect(heard).toHaveLength(2);
    describe(stacked([saying("again", ["repeats"], { budget: false })], leaf()));
    expect(heard).toHaveLength(4);
    subscription[Symbol.dispose]();
  });
});

group("options", () => {
  test.each<[string, () => unknown, typeof TypeError | typeof RangeError, string]>([
    [
      "no service",
      () => describe({} as never),
      TypeError,
      "describe: service must be a service (with tryReady, ready, call); received an object",
    ],
    [
      "allow that is no array",
      () => describe(leaf(), { allow: "unbounded-line" as never }),
      TypeError,
      'describe: allow must be an array of rules; received "unbounded-line"',
    ],
    [
      "a rule that there is not",
      () => describe(leaf(), { allow: ["endless-line" as never] }),
      RangeError,
      "describe: each of allow must be one of",
    ],
    [
      "an option that nobody knows",
      () => describe(leaf(), { allows: [] } as never),
      TypeError,
      "describe: allows is not an option; did you mean allow?",
    ],
  ])("refuses %s", (_what, run, type, message) => {
    expect(run).toThrow(type);
    expect(run).toThrow(message);
  });
});
