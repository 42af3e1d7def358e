import { expectTypeOf } from "vitest";
import { limit } from "../src/index.ts";

// @ts-expect-error it takes no arguments yet
limit(1);

expectTypeOf(limit).toBeFunction();
