import * as fc from "fast-check";
import { seed } from "./seed.ts";

/*
 * Runs before each test file (vitest.config.ts). A test that fails by chance costs a day, and one that passes by chance says
 * nothing: so neither fast-check nor `Math.random`, and with it the seeds that `checkContract` chooses, is left to chance.
 */
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
Math.random = randomFrom(seed);

/** Numbers from 0 to 1, the same for the same seed: mulberry32, by Tommy Ettinger (public domain). */
function randomFrom(start: number): () => number {
  let state = start | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
