/** The promises of the contract, by number. */
export const contractPromises = {
  1: "Reservation",
  2: "Spent once",
  3: "Nothing leaks",
  4: "In line",
  5: "Abort",
  6: "Until it settles",
  7: "Never thrown at you",
  8: "Context",
  9: "All or nothing",
  10: "Precise when told",
  11: "Free where idle",
  12: "Readiness errors are not terminal",
  13: "Time is a seam",
  14: "Bad options are refused at once",
} as const;

/** The number of a promise. */
export type PromiseNumber = keyof typeof contractPromises;

/** All of them, in order. */
export const promiseNumbers: readonly PromiseNumber[] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14];

/** A promise that was seen broken. */
export interface Breach {
  readonly number: PromiseNumber;
  /** What was seen. */
  readonly what: string;
  /** What led there, a line each. */
  readonly schedule: readonly string[];
}

export function breachOf(number: PromiseNumber, what: string, schedule: readonly string[] = []): Breach {
  return { number, what, schedule };
}
