import * as fc from "fast-check";
import { randomFrom } from "./random.ts";
import { seed } from "./seed.ts";

/*
 * Runs before each test file (vitest.config.ts). Tests must not fail or pass by chance, so fast-check and `Math.random`, and with it the
 * seeds that `checkContract` chooses, have a fixed seed.
 */
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
Math.random = randomFrom(seed);
