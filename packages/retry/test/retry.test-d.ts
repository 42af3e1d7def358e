import { expectTypeOf } from "vitest";
import { retry } from "../src/index.ts";

// @ts-expect-error it takes no arguments yet
retry(1);

expectTypeOf(retry).toBeFunction();
