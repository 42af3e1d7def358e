/** Small layers that change a request, a response or a failure, and ways to combine services. */
export function util(): string {
  return "util";
}
