import type { Layer, MapsResponse } from "@sluice/core";
import { callLayer, requireFunction } from "@sluice/core/kit";

/**
 * Answers with what `map` makes of the response of the service inside. Failures pass as they are.
 *
 * @example
 * const names = new ServiceBuilder().layer(mapResponse((user: User) => user.name)).service(users);
 *
 * @param map from a response inside to one outside; may be async, and the call lasts until it has settled. What it
 *   throws is the failure of the call, and is outside `Err`
 * @throws TypeError when `map` is not a function
 */
export function mapResponse<A, B>(map: (response: A) => B): Layer<MapsResponse<A, Awaited<B>>> {
  requireFunction("mapResponse", "map", map);
  return callLayer<MapsResponse<A, Awaited<B>>>("mapResponse", (inside, request, options) =>
    inside.start(request, options).then((response: A) => map(response)),
  );
}
