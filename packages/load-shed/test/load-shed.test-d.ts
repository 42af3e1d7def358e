import { expectTypeOf } from "vitest";
import { loadShed } from "../src/index.ts";

// @ts-expect-error it takes no arguments yet
loadShed(1);

expectTypeOf(loadShed).toBeFunction();
