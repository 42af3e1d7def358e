/** What layers have announced of one kind, folded. */
export interface TapeEntry {
  /** The layer, and what it announced: `loadShed · shed · by buffer`. */
  readonly what: string;
  /** How often, since the gateway started. */
  readonly count: number;
  /** When it began, after a while without, and when it was heard last; in ms since 1970. */
  readonly since: number;
  readonly last: number;
}
