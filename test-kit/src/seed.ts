const { SLUICE_SEED = "1" } = process.env;

/**
 * What all that is drawn at random in tests comes from: the same on every machine, so that a test passes or fails, and does so
 * again. `SLUICE_SEED=7` draws others, `SLUICE_SEED=new` new ones each time (`pnpm soak`).
 */
export const seed: number = SLUICE_SEED === "new" ? Math.floor(Math.random() * 2 ** 31) : Number(SLUICE_SEED);

// fast-check takes no other; an empty text would be 0.
if (SLUICE_SEED.trim() === "" || seed !== (seed | 0)) {
  throw new RangeError(`SLUICE_SEED must be a whole number from -2^31 to 2^31-1, or "new"; received "${SLUICE_SEED}"`);
}
