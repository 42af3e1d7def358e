import { expectTypeOf } from "vitest";
import { utilBox } from "../src/index.ts";

// @ts-expect-error it takes no arguments yet
utilBox(1);

expectTypeOf(utilBox).toBeFunction();
