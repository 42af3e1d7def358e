/** A backend answered with an error, or could not be reached. */
export class UpstreamError extends Error {
  override readonly name = "UpstreamError";
  readonly code = "ERR_DEMO_UPSTREAM";
  /** Its answer; undefined when there was none. */
  readonly status: number | undefined;

  constructor(status: number | undefined, options?: ErrorOptions) {
    super("The backend failed.", options);
    this.status = status;
  }
}
