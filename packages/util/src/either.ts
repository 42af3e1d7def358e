import type { AnyLayer, EitherOf, KindOf, Layer } from "@sluice/core";
import { requireBoolean, requireMethods } from "@sluice/core/kit";

/**
 * One of two layers, chosen once, when the stack is put together. It is that layer itself, with its name and its state:
 * `describe()` tells which one it is. The types are those that go for both.
 *
 * @example
 * const stack = new ServiceBuilder().layer(either(inProduction, concurrencyLimit(64), concurrencyLimit(2)));
 *
 * @throws TypeError when `condition` is not true or false, or `a` or `b` is no layer
 */
export function either<A extends AnyLayer, B extends AnyLayer>(
  condition: boolean,
  a: A,
  b: B,
): Layer<EitherOf<KindOf<A>, KindOf<B>>> {
  requireBoolean("either", "condition", condition);
  requireMethods("either", "a", a, "a layer", ["wrap"]);
  requireMethods("either", "b", b, "a layer", ["wrap"]);
  return condition ? a : b;
}
