import { contractPromises, type PromiseNumber, promiseNumbers, type Sentence } from "./promises.ts";

/** A breach of a sentence of the contract. */
export interface Breach {
  readonly sentence: Sentence;
  /** What was seen. */
  readonly what: string;
  /** The schedule that led there, a line for each step. */
  readonly schedule: readonly string[];
  /** The path that repeats the schedule with the report's seed, where random schedules found it. */
  readonly path?: string | undefined;
}

export function breachOf(sentence: Sentence, what: string, schedule: readonly string[] = []): Breach {
  return { sentence, what, schedule };
}

/** The number of the promise that it breaks. */
export function numberOf({ sentence }: Breach): PromiseNumber {
  return promiseNumbers.find((number) => sentence in contractPromises[number].sentences) as PromiseNumber;
}

/** The sentence of the contract that it breaks. */
export function wordsOf(breach: Breach): string {
  const { sentences } = contractPromises[numberOf(breach)];
  return (sentences as Readonly<Partial<Record<Sentence, string>>>)[breach.sentence] as string;
}
