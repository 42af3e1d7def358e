import type { Apply, Keeps, Kind } from "../contract/kind.ts";
import type { Layer } from "../contract/layer.ts";
import type { RequestOf, ResponseOf, Service } from "../contract/service.ts";
import { requireFunction, requireName, requireObject, requireService } from "../kit/check.ts";

/** A service of any types, for the inside of a layer: from outside, `K` says which they are. */
type Inner = Service<any, any, any>;

/** What the function behind a layer of kind `K` may answer with. */
type Outer<K extends Kind> = Service<RequestOf<Apply<K, Inner>>, ResponseOf<Apply<K, Inner>>, any>;

/** What the layers of a service hold: none of it may be held once more further out. */
const states = new WeakMap<object, ReadonlySet<object>>();

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
 * @throws TypeError when `name` is not a non-empty string, `wrap` is not a function, or `state` is not an object
 */
export function layerFn<K extends Kind = Keeps>(
  name: string,
  wrap: (inner: Inner) => Outer<K>,
  state?: object,
): Layer<K> {
  requireName("layerFn", name);
  requireFunction("layerFn", "wrap", wrap);
  if (state !== undefined) requireObject("layerFn", "state", state);
  return {
    name,
    state,
    wrap(inner: any): any {
      requireService(name, "the service inside", inner);
      const held = withState(name, state, states.get(inner));
      const outer = wrap(inner);
      requireService(name, "what wrap answers with", outer);
      // A layer made of layers has what they hold, too; one that hands on what it was given holds nothing there.
      if (outer !== inner) states.set(outer, new Set([...held, ...(states.get(outer) ?? [])]));
      return outer;
    },
  };
}

/** The layer that does nothing. */
export function identity(): Layer {
  return layerFn("identity", (inner) => inner);
}
