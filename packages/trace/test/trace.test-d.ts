import { expectTypeOf } from "vitest";
import { trace } from "../src/index.ts";

// @ts-expect-error it takes no arguments yet
trace(1);

expectTypeOf(trace).toBeFunction();
