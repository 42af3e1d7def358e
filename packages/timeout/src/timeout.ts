/** Gives up on a call that takes too long, and says so to the work. */
export function timeout(): string {
  return "timeout";
}
