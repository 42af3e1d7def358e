import type { About } from "../contract/about.ts";
import type { Apply, Keeps, Kind } from "../contract/kind.ts";
import type { AnyLayer, Layer } from "../contract/layer.ts";
import type { RequestOf, ResponseOf, Service } from "../contract/service.ts";
import { readAbout } from "../kit/about.ts";
import { requireFunction, requireName, requireObject, requireService } from "../kit/check.ts";
import { plainMembers } from "../kit/plain-members.ts";
import { processWide } from "../kit/process-wide.ts";
import { madeOf } from "../telemetry/parts.ts";

/** A service of any types, for the inside of a layer: from outside, `K` says which they are. */
type Inner = Service<any, any, any>;

/** What the function behind a layer of kind `K` may answer with. */
type Outer<K extends Kind> = Service<RequestOf<Apply<K, Inner>>, ResponseOf<Apply<K, Inner>>, any>;

/** The states of each service's layers: a stack that contains one twice is refused, also where two copies of core made it. */
const states = processWide("states", new WeakMap<object, ReadonlySet<object>>());

function withState(
  name: string,
  state: object | undefined,
  held: ReadonlySet<object> = new Set(),
): ReadonlySet<object> {
  if (state === undefined) return held;
  if (held.has(state)) {
    throw new TypeError(
      `${name}: its state must not be held twice in one stack; received the same layer a second time`,
    );
  }
  return new Set(held).add(state);
}

/**
 * A layer from a function. It keeps the types of the service inside unless told otherwise:
 * `layerFn<Adds<QuotaError>>("quota", wrap)`.
 *
 * @param name what `describe()` and refusals call it: the name of the function that makes the layer
 * @param wrap `(inner) => Service`, called once for each service that the layer wraps
 * @param state what the layer holds on behalf of its callers, if anything; a stack with the same twice is refused, for
 *   a caller would wait for itself
 * @param about what the layer says of itself, for tools that show or judge a stack; default nothing
 * @throws TypeError when `name` is not a non-empty string, `wrap` is not a function, `state` is not an object, or a member of
 *   `about` is not what it must be
 */
export function layerFn<K extends Kind = Keeps>(
  name: string,
  wrap: (inner: Inner) => Outer<K>,
  state?: object,
  about?: About,
): Layer<K> {
  requireName("layerFn", name);
  requireFunction("layerFn", "wrap", wrap);
  if (state !== undefined) requireObject("layerFn", "state", state);
  const made = {
    name,
    state,
    about: readAbout("layerFn", about),
    wrap(this: AnyLayer | undefined, inner: any): any {
      requireService(name, "the service inside", inner);
      const held = withState(name, state, states.get(inner));
      const outer = wrap(inner);
      requireService(name, "what wrap returns", outer);
      if (outer === inner) return outer;
      // A layer made of layers has what they hold, too; one that hands on what it was given holds nothing there.
      states.set(outer, new Set([...held, ...(states.get(outer) ?? [])]));
      // The layer value that has the counters, where this one was spread into it.
      return madeOf(outer, { layer: this?.wrap === made.wrap ? this : made, inner });
    },
    // Its name, its label and what it counts. The state is left out.
    toJSON(this: AnyLayer): Record<string, unknown> {
      return { name: this.name, label: this.about?.label, ...plainMembers(this) };
    },
  };
  return made as Layer<any>;
}

/** The layer that does nothing. */
export function identity(): Layer {
  return layerFn("identity", (inner) => inner);
}
