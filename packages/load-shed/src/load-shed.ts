/** Refuses at once what would have to wait. */
export function loadShed(): string {
  return "loadShed";
}
