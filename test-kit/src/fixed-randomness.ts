import * as fc from "fast-check";
import { randomFrom } from "./random.ts";
import { seed } from "./seed.ts";

/*
 * Runs before each test file (vitest.config.ts). A test that fails by chance costs a day, and one that passes by chance says
 * nothing: so neither fast-check nor `Math.random`, and with it the seeds that `checkContract` chooses, is left to chance.
 */
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
Math.random = randomFrom(seed);
