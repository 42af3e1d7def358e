const { SLUICE_SEED } = process.env;

/**
 * What all that is drawn at random in tests comes from: the same on every machine, so that a test passes or fails, and does so
 * again. `SLUICE_SEED=7` draws others, `SLUICE_SEED=new` new ones each time (`pnpm soak`).
 */
export const seed: number =
  SLUICE_SEED === "new" ? Math.floor(Math.random() * 2 ** 31) : Number.parseInt(SLUICE_SEED ?? "1", 10);

if (Number.isNaN(seed)) throw new RangeError(`SLUICE_SEED must be a whole number or "new"; received "${SLUICE_SEED}"`);
