import { expectTypeOf } from "vitest";
import { util } from "../src/index.ts";

// @ts-expect-error it takes no arguments yet
util(1);

expectTypeOf(util).toBeFunction();
