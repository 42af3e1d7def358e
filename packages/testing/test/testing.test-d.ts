import { expectTypeOf } from "vitest";
import { testing } from "../src/index.ts";

// @ts-expect-error it takes no arguments yet
testing(1);

expectTypeOf(testing).toBeFunction();
