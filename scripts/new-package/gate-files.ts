import type { Files, NewPackage } from "./same-files.ts";

/** A gate: it limits concurrent calls; the others wait in line. */
export function gateFiles({ noun, camel, pascal, sentence }: NewPackage): Files {
  return {
    [`src/${noun}-gate.ts`]: `import type { Gate, Lease, ReadyOptions } from "@sluice/core";
import { Line } from "@sluice/core/kit";

/** The policy of \`${camel}\`: which calls are admitted, and what is recorded when a call ends. */
export class ${pascal}Gate implements Gate<unknown> {
  /** Admitted calls whose work has not settled. */
  active = 0;
  private readonly max: number;
  private readonly line: Line<Lease> = new Line(() => {
    this.serve();
  });
  /** One lease for all calls, for it has no state. */
  private readonly lease: Lease = {
    cancel: () => {
      this.leave();
    },
    finish: () => {
      this.leave();
    },
  };

  /** @param max how many calls are admitted at the same time */
  constructor(max: number) {
    this.max = max;
  }

  /** Callers in line. */
  get waiting(): number {
    return this.line.size;
  }

  tryAcquire(): Lease | undefined {
    return this.line.blocks() || this.active >= this.max ? undefined : this.enter();
  }

  acquire(options: ReadyOptions<unknown> = {}): Promise<Lease> {
    if (options.signal?.aborted) return Promise.reject(options.signal.reason);
    const lease = this.tryAcquire();
    return lease === undefined ? this.line.join(options) : Promise.resolve(lease);
  }

  private enter(): Lease {
    this.active++;
    return this.lease;
  }

  private leave(): void {
    this.active--;
    this.serve();
  }

  private serve(): void {
    while (this.line.size > 0 && this.active < this.max) this.line.grant(this.enter());
  }
}
`,
    [`src/${noun}.ts`]: `import { gate, type Keeps, type Layer } from "@sluice/core";
import { readOptions, requireLabel, requireNumber } from "@sluice/core/kit";
import { ${pascal}Gate } from "./${noun}-gate.ts";

/** Options of {@link ${camel}}. */
export interface ${pascal}Options {
  /** How many calls may run at the same time: a whole number of 0 or more, or Infinity. */
  readonly max: number;
  /** Tells this layer apart from others of its kind: \`"db"\`. It is on its refusals and events. Default: none. */
  readonly label?: string | undefined;
}

/** The layer that {@link ${camel}} makes. One value is one gate, for all the services that it wraps. */
export interface ${pascal}Layer extends Layer<Keeps> {
  /** Permits held: those reserved, and those whose work has not settled. */
  readonly active: number;
  /** Callers in line. */
  readonly waiting: number;
}

const name = "${camel}";

/**
 * ${sentence}
 *
 * @example
 * const service = new ServiceBuilder().layer(${camel}({ max: 8 })).serviceFn(ask);
 *
 * @throws TypeError | RangeError when an option is not in its range
 */
export function ${camel}(options: ${pascal}Options): ${pascal}Layer {
  const { max, label } = readOptions(name, options, ["max", "label"]);
  requireLabel(name, label);
  const policy = new ${pascal}Gate(requireNumber(name, "max", max, { min: 0, integer: true, infinity: true }));
  return {
    ...(gate(policy, { name, label, traits: ["limits"], facts: { max } }) as Layer<Keeps>),
    get active() {
      return policy.active;
    },
    get waiting() {
      return policy.waiting;
    },
  };
}
`,
    "README.md": `# @sluice/${noun}

${sentence}

    npm install @sluice/${noun} @sluice/core

Part of [Sluice](../../README.md): [the guide](../../docs/guide.md), [the order of layers](../../docs/order.md).

\`\`\`ts
import { ServiceBuilder } from "@sluice/core";
import { ${camel} } from "@sluice/${noun}";

const layer = ${camel}({ max: 1 });
const greet = new ServiceBuilder().layer(layer).serviceFn(async (name: string) => \`hello \${name}\`);
const answers = [greet.call("ann"), greet.call("bob")];
console.log(layer.active, layer.waiting); // 1 1
console.log(await Promise.all(answers)); // [ 'hello ann', 'hello bob' ]
\`\`\`

## \`${camel}(options)\`

| option  | unit, range                                                                          | default |
| ------- | ------------------------------------------------------------------------------------ | ------- |
| \`max\`   | how many may run at once: a whole number, 0 or more, or \`Infinity\`                    |         |
| \`label\` | text: tells this layer apart from others of its kind; it is on its refusals and events | none    |

Anything else is a \`TypeError\` or \`RangeError\` that names the option and the value.

| on the layer |                                                                        |
| ------------ | ---------------------------------------------------------------------- |
| \`active\`     | permits held: those reserved, and those whose work has not settled yet |
| \`waiting\`    | callers in line                                                        |
`,
    [`test/${noun}.test.ts`]: `import { ServiceBuilder } from "@sluice/core";
import { mockService } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { ${camel} } from "../src/index.ts";

function limited(max: number) {
  const [inner, handle] = mockService<string, number>();
  const layer = ${camel}({ max });
  return { layer, service: new ServiceBuilder().layer(layer).service(inner), handle };
}

describe("when there is room", () => {
  test("a call reaches the inner service, and holds its place until it is answered", async () => {
    const { layer, service, handle } = limited(1);
    const answer = service.call("a");
    expect(layer.active).toBe(1);
    (await handle.nextRequest()).respond(1);
    expect(await answer).toBe(1);
    expect(layer.active).toBe(0);
  });
});

describe("when there is none", () => {
  test("nobody is let in at once, and those who wait are let in by turns", async () => {
    const { layer, service, handle } = limited(1);
    const first = service.call("a");
    const second = service.call("b");
    expect(service.tryReady("c")).toBeUndefined();
    expect(layer.waiting).toBe(1);
    (await handle.nextRequest()).respond(1);
    expect(await first).toBe(1);
    const { request, respond } = await handle.nextRequest();
    expect(request).toBe("b");
    respond(2);
    expect(await second).toBe(2);
    expect([layer.active, layer.waiting]).toEqual([0, 0]);
  });

  test("a caller who gives up leaves the line", async () => {
    const { layer, service } = limited(0);
    const controller = new AbortController();
    const waiting = service.ready({ request: "a", signal: controller.signal });
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(layer.waiting).toBe(0);
  });
});
`,
    [`test/${noun}-gate.test.ts`]: `import { expect, test } from "vitest";
import { ${pascal}Gate } from "../src/${noun}-gate.ts";

// What no layer asks of it: a layer tries first, and looks at the signal itself.
test("whoever waits where there is room has it at once", async () => {
  const gate = new ${pascal}Gate(1);
  const lease = await gate.acquire();
  expect(gate.active).toBe(1);
  lease.cancel();
  expect(gate.active).toBe(0);
});

test("whoever has given up is refused, where there is room too", async () => {
  const gate = new ${pascal}Gate(1);
  const reason = new Error("enough");
  await expect(gate.acquire({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect([gate.active, gate.waiting]).toEqual([0, 0]);
});
`,
    [`test/${noun}.test-d.ts`]: `import { type Service, ServiceBuilder } from "@sluice/core";
import { expectTypeOf } from "vitest";
import { ${camel}, type ${pascal}Layer } from "../src/index.ts";

const layer = ${camel}({ max: 1, label: "db" });
expectTypeOf(layer).toEqualTypeOf<${pascal}Layer>();

const service = new ServiceBuilder().layer(layer).serviceFn((n: number) => Promise.resolve(String(n)));
expectTypeOf(service).toEqualTypeOf<Service<number, string, never>>();

// @ts-expect-error it must be said how many
${camel}({});
// @ts-expect-error there is no such option
${camel}({ max: 1, most: 1 });
// @ts-expect-error a counter is not to be set
layer.active = 0;
`,
    "test/layers.ts": `import { heldBy, type LayerShapes } from "@sluice/test-kit";
import { ${camel} } from "@sluice/${noun}";

export const layers: LayerShapes = {
  ${camel}: {
    observes: true,
    calm: (_clock, room) => ${camel}({ max: room }),
    drawn({ size }) {
      const layer = ${camel}({ max: size });
      return { layer, held: () => heldBy(layer), max: size };
    },
  },
};
`,
    "test/options.ts": `import { aName, type Every, optional, type OptionTable, slots } from "@sluice/test-kit";
import { ${camel}, type ${pascal}Options } from "@sluice/${noun}";

export const optionTable: OptionTable = {
  objects: [
    {
      of: "${camel}",
      base: { max: 1 },
      give: ${camel},
      ranges: { max: slots, label: optional(aName) } satisfies Every<${pascal}Options>,
    },
  ],
};
`,
    "test/contract.test.ts": `import { checkContract } from "@sluice/testing/contract";
import { expect, test } from "vitest";
import { ${camel} } from "../src/index.ts";

test.each([0, 1, 3])("with room for %i it keeps every promise of the contract, under random schedules", async (room) => {
  const report = await checkContract(() => ${camel}({ max: room }), {
    observes: true,
    badOptions: [-1, 1.5, Number.NaN, "2"].map((value) => ({
      option: "max",
      value,
      make: (max: number) => ${camel}({ max }),
    })),
    runs: 200,
  });
  expect(report.ok ? "" : String(report)).toBe("");
});
`,
  };
}
