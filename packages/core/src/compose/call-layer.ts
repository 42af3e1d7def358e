import type { About } from "../contract/about.ts";
import type { Keeps, Kind } from "../contract/kind.ts";
import type { Layer } from "../contract/layer.ts";
import type { HandlerOptions } from "../contract/service.ts";
import { readAbout } from "../kit/about.ts";
import { requireFunction, requireName } from "../kit/check.ts";
import { around } from "../stack/around.ts";
import type { Behaviour } from "../stack/reservation.ts";
import { stackOf, stackService } from "../stack/stack.ts";
import { type Inside, startAtEdge } from "./inside.ts";
import { layerFn } from "./layer-fn.ts";

/**
 * A layer around the call that leaves readiness alone, for packages: leaner than `middleware`, which checks what its handler does. A
 * call that answers before the work inside has settled registers that work with `options.waitUntil` itself.
 *
 * @example
 * const mapped = callLayer("mapped", (inside, request, options) => inside.start(request, options).then(String));
 *
 * @param name what `describe()` calls it: the name of the function that makes the layer
 * @param call begins the call and returns its answer, a native promise. It uses `inside` exactly once. What it throws before it has
 *   done so is a rejection, and `inside` is cancelled
 * @param about what the layer says of itself, for tools that show or judge a stack; default nothing
 * @throws TypeError when `name` is not a non-empty string, `call` is not a function, or a member of `about` is not what it must be
 */
export function callLayer<K extends Kind = Keeps>(
  name: string,
  call: (inside: Inside, request: any, options: HandlerOptions) => Promise<unknown>,
  about?: About,
): Layer<K> {
  requireName("callLayer", name);
  requireFunction("callLayer", "call", call);
  const behaviour: Behaviour<undefined> = {
    start: ({ inner }, request, options, edge) =>
      edge ? startAtEdge(inner, (inside) => call(inside, request, options)) : call(inner, request, options),
    cancel({ inner }) {
      inner.cancel();
    },
  };
  return layerFn<K>(
    name,
    (service) => stackService(around(stackOf(service), behaviour)),
    undefined,
    readAbout("callLayer", about),
  );
}
