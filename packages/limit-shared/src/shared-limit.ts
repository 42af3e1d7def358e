import type { Adds, Layer, OverloadedError } from "@sluice/core";
import type { StoreState } from "./link/member.ts";
import type { StoreDownError } from "./store-down-error.ts";

/** The members of both layers. One layer value is one member of the limit, for all services that it wraps. */
export interface SharedLimit extends Layer<Adds<OverloadedError | StoreDownError>> {
  /** Callers in line in this member. */
  readonly waiting: number;
  /** Whether the store answered the last question. */
  readonly state: StoreState;
  /** How many members share the limit, as the store last reported; undefined before that. */
  readonly members: number | undefined;
  /** How often the store was asked. */
  readonly trips: number;
  /** Answers of the store that came too late to be used. */
  readonly late: number;
  /**
   * Borrows permits in advance, so that the first caller need not wait for the store. Tokens are valid for `hold`, slots are kept for
   * `linger`.
   *
   * @param count how many: a whole number of 1 or more; default 1
   * @returns a promise that resolves when the store has answered, or cannot be reached. It never rejects
   * @throws TypeError | RangeError when `count` is not in its range
   */
  warm(count?: number): Promise<void>;
  /**
   * Refuses all callers, in line and new, with `OverloadedError` (`reason: "closed"`), and gives back what is borrowed: tokens and free
   * slots immediately, each other slot when its call ends. Permits in hand stay valid. The promise resolves when the store knows what was
   * given back immediately, or cannot be reached. It never rejects.
   */
  close(): Promise<void>;
}
