const { SLUICE_SEED = "1" } = process.env;

/**
 * The seed of all random numbers in tests: the same on every machine, so that results repeat. `SLUICE_SEED=7` draws other numbers,
 * `SLUICE_SEED=new` new ones each time (`pnpm soak`).
 */
export const seed: number = SLUICE_SEED === "new" ? Math.floor(Math.random() * 2 ** 31) : Number(SLUICE_SEED);

// fast-check takes no other values; an empty string would be 0.
if (SLUICE_SEED.trim() === "" || seed !== (seed | 0)) {
  throw new RangeError(`SLUICE_SEED must be a whole number from -2^31 to 2^31-1, or "new"; received "${SLUICE_SEED}"`);
}
