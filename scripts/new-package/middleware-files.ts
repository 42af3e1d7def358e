import type { Files, NewPackage } from "./same-files.ts";

/** A layer that leaves readiness alone: it counts the calls. */
export function middlewareFiles({ noun, camel, pascal, sentence }: NewPackage): Files {
  return {
    [`src/${noun}.ts`]: `import { type Keeps, type Layer, middleware } from "@sluice/core";
import { readOptions, requireLabel } from "@sluice/core/kit";

/** Options of {@link ${camel}}. */
export interface ${pascal}Options {
  /** Tells this layer apart from others of its kind: \`"db"\`. Default: none. */
  readonly label?: string | undefined;
}

/** The layer that {@link ${camel}} makes. One value counts for all the services that it wraps. */
export interface ${pascal}Layer extends Layer<Keeps> {
  /** Calls so far. */
  readonly calls: number;
}

const name = "${camel}";

/**
 * ${sentence}
 *
 * @example
 * const service = new ServiceBuilder().layer(${camel}()).serviceFn(ask);
 *
 * @throws TypeError when an option is not as it must be
 */
export function ${camel}(options?: ${pascal}Options): ${pascal}Layer {
  const { label } = readOptions(name, options, ["label"]);
  requireLabel(name, label);
  let calls = 0;
  const layer = middleware(
    name,
    (request, next, passed) => {
      calls++;
      return next(request, passed);
    },
    { label },
  );
  return {
    ...layer,
    get calls() {
      return calls;
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

const layer = ${camel}();
const greet = new ServiceBuilder().layer(layer).serviceFn(async (name: string) => \`hello \${name}\`);
console.log(await greet.call("ann"), layer.calls); // hello ann 1
\`\`\`

## \`${camel}(options?)\`

| option  | unit, range                                         | default |
| ------- | --------------------------------------------------- | ------- |
| \`label\` | text: tells this layer apart from others of its kind | none    |

Anything else is a \`TypeError\` that names the option and the value.

| on the layer |              |
| ------------ | ------------ |
| \`calls\`      | calls so far |
`,
    [`test/${noun}.test.ts`]: `import { ServiceBuilder } from "@sluice/core";
import { mockService } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { ${camel} } from "../src/index.ts";

describe("when the inner service is ready", () => {
  test("a call reaches it, its answer comes back, and it is counted", async () => {
    const [inner, handle] = mockService<string, number>();
    const layer = ${camel}();
    const answer = new ServiceBuilder().layer(layer).service(inner).call("a");
    (await handle.nextRequest()).respond(1);
    expect(await answer).toBe(1);
    expect(layer.calls).toBe(1);
  });
});

describe("when the inner service is not ready", () => {
  test("nothing is counted", () => {
    const [inner, handle] = mockService<string, number>();
    handle.allow(0);
    const layer = ${camel}();
    expect(new ServiceBuilder().layer(layer).service(inner).tryReady("a")).toBeUndefined();
    expect(layer.calls).toBe(0);
  });
});
`,
    [`test/${noun}.test-d.ts`]: `import { type Service, ServiceBuilder } from "@sluice/core";
import { expectTypeOf } from "vitest";
import { ${camel}, type ${pascal}Layer } from "../src/index.ts";

const layer = ${camel}({ label: "db" });
expectTypeOf(layer).toEqualTypeOf<${pascal}Layer>();

const service = new ServiceBuilder().layer(layer).serviceFn((n: number) => Promise.resolve(String(n)));
expectTypeOf(service).toEqualTypeOf<Service<number, string, never>>();

// @ts-expect-error there is no such option
${camel}({ labels: "db" });
// @ts-expect-error a counter is not to be set
layer.calls = 0;
`,
    "test/layers.ts": `import type { LayerShapes } from "@sluice/test-kit";
import { ${camel} } from "@sluice/${noun}";

export const layers: LayerShapes = {
  ${camel}: {
    observes: true,
    calm: () => ${camel}(),
    drawn: () => ({ layer: ${camel}() }),
  },
};
`,
    "test/options.ts": `import { aName, type Every, optional, type OptionTable } from "@sluice/test-kit";
import { ${camel}, type ${pascal}Options } from "@sluice/${noun}";

export const optionTable: OptionTable = {
  objects: [
    {
      of: "${camel}",
      base: {},
      give: ${camel},
      ranges: { label: optional(aName) } satisfies Every<${pascal}Options>,
    },
  ],
};
`,
    "test/contract.test.ts": `import { checkContract } from "@sluice/testing/contract";
import { expect, test } from "vitest";
import { ${camel} } from "../src/index.ts";

test("it keeps every promise of the contract, under random schedules", async () => {
  const report = await checkContract(() => ${camel}(), {
    observes: true,
    badOptions: [{ option: "label", value: "", make: (label: string) => ${camel}({ label }) }],
    runs: 200,
  });
  expect(report.ok ? "" : String(report)).toBe("");
});
`,
  };
}
