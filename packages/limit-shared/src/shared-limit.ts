import type { Adds, Layer, OverloadedError } from "@sluice/core";
import type { StoreState } from "./link/member.ts";
import type { StoreDownError } from "./store-down-error.ts";

/** What both layers have. One value is one member, for all the services that it wraps. */
export interface SharedLimit extends Layer<Adds<OverloadedError | StoreDownError>> {
  /** Callers in line in this member. */
  readonly waiting: number;
  /** Whether the store answered the last question. */
  readonly state: StoreState;
  /** How many members share the limit, as the store said last; undefined before that. */
  readonly members: number | undefined;
  /** How often the store was asked. */
  readonly trips: number;
  /** Answers of the store that came too late to be used. */
  readonly late: number;
  /**
   * Borrows permits before the first caller comes, who then need not wait for the store. Tokens are good for `hold`, slots are kept for `linger`.
   *
   * @param count how many: a whole number of 1 or more; default 1
   * @returns a promise that is kept when the store has answered, or cannot be reached. It never rejects
   * @throws TypeError | RangeError when `count` is not in its range
   */
  warm(count?: number): Promise<void>;
  /**
   * Lets nobody in any more, refuses those in line with `OverloadedError` (`reason: "closed"`), and gives back what is borrowed: tokens and free
   * slots at once, each of the other slots when its call ends. Permits in hand stay good. The promise is kept when the store knows of what
   * came back at once, or cannot be reached. It never rejects.
   */
  close(): Promise<void>;
}
