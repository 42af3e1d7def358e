import type { AnyLayer } from "@sluice/core";
import { everyLayer, type LayerShape } from "@sluice/test-kit";
import type { VirtualClock } from "@sluice/testing";

/** Those that refuse what would have to wait come first: in a stack of all of them the others may let wait. */
const calm = [...(await everyLayer())]
  .filter(([, shape]) => shape.calm !== undefined)
  .sort(([, { sheds: one = false }], [, { sheds: other = false }]) => Number(other) - Number(one));

/** A layer of every package in every shape, with room for much. They change nothing that passes, so that any stack of them answers alike. */
export const eachLayer: Readonly<Record<string, (clock: VirtualClock) => AnyLayer>> = Object.fromEntries(
  calm.map(([name, shape]) => [name, (clock) => shape.calm!(clock, 9)]),
);

/** The names of those that are so. */
function eachThat(is: (shape: LayerShape) => boolean | undefined): readonly string[] {
  return calm.flatMap(([name, shape]) => (is(shape) ? [name] : []));
}

/** Those that only look on: they hand on the answer that they were given. */
export const observing: readonly string[] = eachThat(({ observes }) => observes);

/** Those that are ready whether the service inside is or not. */
export const absorbing: readonly string[] = eachThat(({ absorbs }) => absorbs);

/** Those that refuse what would have to wait. */
export const shedding: readonly string[] = eachThat(({ sheds }) => sheds);

/** Those that have work of their own to do before that of the service inside begins. */
export const deferring: readonly string[] = eachThat(({ defers }) => defers);
