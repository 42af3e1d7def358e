import { serviceFn } from "@sluice/core";
import { expectTypeOf } from "vitest";
import { describe, type StackDescription, type StackNode, type StackWarning, type WarningRule } from "../src/index.ts";

// Any service will do, whatever its types.
const description = describe(serviceFn((name: string) => name.length));
expectTypeOf(description).toEqualTypeOf<StackDescription>();
expectTypeOf(description.root).toEqualTypeOf<StackNode>();
expectTypeOf(description.warnings).toEqualTypeOf<readonly StackWarning[]>();
expectTypeOf(description.toString()).toEqualTypeOf<string>();
expectTypeOf<StackWarning["rule"]>().toEqualTypeOf<WarningRule>();
describe(serviceFn(String), { allow: ["unbounded-line", "retry-without-budget"] });

// @ts-expect-error it is no service
describe({});
// @ts-expect-error there is no such rule
describe(serviceFn(String), { allow: ["endless-line"] });
// @ts-expect-error what was described is not to be changed
description.root.layer = "other";
