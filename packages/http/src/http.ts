import { type Keeps, type Layer, middleware } from "@sluice/core";
import { readOptions, requireLabel } from "@sluice/core/kit";

/** Options of {@link http}. */
export interface HttpOptions {
  /** Tells this layer apart from others of its kind: `"db"`. Default: none. */
  readonly label?: string | undefined;
}

/** The layer that {@link http} makes. One value counts for all the services that it wraps. */
export interface HttpLayer extends Layer<Keeps> {
  /** Calls so far. */
  readonly calls: number;
}

const name = "http";

/**
 * Put a stack of Sluice layers in front of HTTP handlers, and behind the calls that they make.
 *
 * @example
 * const service = new ServiceBuilder().layer(http()).serviceFn(ask);
 *
 * @throws TypeError when an option is not as it must be
 */
export function http(options?: HttpOptions): HttpLayer {
  const { label } = readOptions(name, options, ["label"]);
  requireLabel(name, label);
  let calls = 0;
  const layer = middleware(
    name,
    (request, next, passed) => {
      calls++;
      return next(request, passed);
    },
    { label },
  );
  return {
    ...layer,
    get calls() {
      return calls;
    },
  };
}
