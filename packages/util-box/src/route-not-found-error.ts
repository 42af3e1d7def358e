import { brand, isBranded } from "@sluice/core/kit";

/** The routing table has no route for a request. */
export class RouteNotFoundError extends Error {
  override readonly name = "RouteNotFoundError";
  readonly code = "ERR_SLUICE_ROUTE_NOT_FOUND";
  /** What the table looked for: the key of the request. */
  readonly key: unknown;

  static {
    brand(this.prototype, "RouteNotFoundError");
  }

  constructor(key: unknown) {
    super("There is no route for this request.");
    this.key = key;
  }
}

/** Whether `error` is a {@link RouteNotFoundError}, of whichever copy of this package. */
export function isRouteNotFoundError(error: unknown): error is RouteNotFoundError {
  return isBranded(error, "RouteNotFoundError");
}
