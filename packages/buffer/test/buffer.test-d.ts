import { expectTypeOf } from "vitest";
import { buffer } from "../src/index.ts";

// @ts-expect-error it takes no arguments yet
buffer(1);

expectTypeOf(buffer).toBeFunction();
