/** What a line counts of a level. */
export interface LevelCount {
  /** Callers in line. */
  readonly waiting: number;
  /** Callers that waited and were served, from the beginning. */
  readonly granted: number;
  /** Callers that were refused, from the beginning. */
  readonly refused: number;
}

/** The same, while it is counted. It knows no line, so that one that nobody has any more can go. */
export class LevelCounter implements LevelCount {
  waiting = 0;
  granted = 0;
  refused = 0;
}
