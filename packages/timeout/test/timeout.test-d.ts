import { expectTypeOf } from "vitest";
import { timeout } from "../src/index.ts";

// @ts-expect-error it takes no arguments yet
timeout(1);

expectTypeOf(timeout).toBeFunction();
