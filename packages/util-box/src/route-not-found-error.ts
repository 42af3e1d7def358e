import { brand, isBranded, SluiceError } from "@sluice/core/kit";

/** The routing table has no route for a request. */
export class RouteNotFoundError extends SluiceError {
  declare readonly name: "RouteNotFoundError";
  override readonly code = "ERR_SLUICE_ROUTE_NOT_FOUND";
  /** What the table looked for: the key of the request. */
  readonly key: unknown;

  constructor(key: unknown) {
    super("There is no route for this request.");
    this.key = key;
  }
}

brand(RouteNotFoundError, { name: "RouteNotFoundError" });

/** Whether `error` is a {@link RouteNotFoundError}, of whichever copy of this package. */
export function isRouteNotFoundError(error: unknown): error is RouteNotFoundError {
  return isBranded(error, "RouteNotFoundError");
}
