/** The names and the description of a package. */
export interface NewPackage {
  /** `rate-meter` */
  readonly noun: string;
  /** `rateMeter` */
  readonly camel: string;
  /** `RateMeter` */
  readonly pascal: string;
  readonly sentence: string;
}

export type Files = Readonly<Record<string, string>>;

/** The files that are the same in every package except for its name. */
export function sameFiles({ noun, camel, pascal, sentence }: NewPackage): Files {
  return {
    "tsconfig.json": `{ "extends": "../../tsconfig.base.json", "include": ["src", "test"] }\n`,
    "src/index.ts": `/**
 * ${sentence}
 *
 * @packageDocumentation
 */
export type { ${pascal}Layer, ${pascal}Options } from "./${noun}.ts";
export { ${camel} } from "./${noun}.ts";
`,
    "test/exports.test.ts": `import { expect, test } from "vitest";
import * as ${camel}Package from "../src/index.ts";

test("the package exports these names and no others", () => {
  expect(Object.keys(${camel}Package).sort()).toEqual(["${camel}"]);
});
`,
  };
}
