import {
  type AnyService,
  type FailureOf,
  madeOf,
  type OverloadedError,
  type ResponseOf,
  type Service,
} from "@sluice/core";
import { readOption, requireArray, requireFunction, requireService, show } from "@sluice/core/kit";
import type { RequestOfAll } from "./request-of-all.ts";
import { router } from "./router.ts";

/**
 * One service over a list of them: `pick` says which takes a request. Where a routing table looks a key up, this decides
 * by whatever it likes; all else is the same, permits that are exchanged and reservations without a request included.
 * Put limits inside the services.
 *
 * @example
 * const sharded = steer([shard0, shard1], ({ id }: { id: number }) => id % 2);
 *
 * @param services read at each request, so that the list may change
 * @param pick the index of the service that takes the request, a whole number from 0; asked as the key of a
 *   routing table is. Any other answer is a `RangeError` that names it, and like what `pick` throws is a failure of readiness, or of the
 *   call where it runs there, outside `Err`
 * @throws TypeError when `services` is no array of services or `pick` is not a function
 */
export function steer<S extends AnyService>(
  services: readonly S[],
  pick: (request: RequestOfAll<S>, services: readonly S[]) => number,
): Service<RequestOfAll<S>, ResponseOf<S>, FailureOf<S> | OverloadedError> {
  requireArray("steer", "services", services, "an array of services");
  const list: readonly S[] = services;
  // By number, and not by what is there: a hole is no service either.
  for (let index = 0; index < list.length; index++) {
    const option = `services[${index}]`;
    requireService("steer", option, readOption("steer", list, `${index}`, option));
  }
  requireFunction("steer", "pick", pick);
  const routed = router("steer", {
    find(request) {
      const index = pick(request as RequestOfAll<S>, list);
      const service = Number.isInteger(index) ? list[index] : undefined;
      if (service !== undefined) return service;
      throw new RangeError(`steer: pick must be the index of one of ${list.length} services; received ${show(index)}`);
    },
    all: () => list,
  });
  return madeOf(routed, { name: "steer", about: { traits: ["routes"] }, branches: () => list.entries() });
}
