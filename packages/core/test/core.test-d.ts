import { expectTypeOf } from "vitest";
import { core } from "../src/index.ts";

// @ts-expect-error it takes no arguments yet
core(1);

expectTypeOf(core).toBeFunction();
