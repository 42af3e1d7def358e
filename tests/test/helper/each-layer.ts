import type { AnyLayer } from "@sluice/core";
import { everyLayer, type LayerShape } from "@sluice/test-kit";
import type { VirtualClock } from "@sluice/testing";

/** Layers that refuse calls which would wait come first: in a stack of all layers the others may let calls wait. */
const calm = [...(await everyLayer())]
  .filter(([, shape]) => shape.calm !== undefined)
  .sort(([, { sheds: one = false }], [, { sheds: other = false }]) => Number(other) - Number(one));

/**
 * A layer of every package in every shape, with much room. They change no request or response, so that all stacks of them give the same
 * answers.
 */
export const eachLayer: Readonly<Record<string, (clock: VirtualClock) => AnyLayer>> = Object.fromEntries(
  calm.map(([name, shape]) => [name, (clock) => shape.calm!(clock, 9)]),
);

/** The names of layers with a property. */
function eachThat(is: (shape: LayerShape) => boolean | undefined): readonly string[] {
  return calm.flatMap(([name, shape]) => (is(shape) ? [name] : []));
}

/** Layers that only observe: they return the answer's promise itself. */
export const observing: readonly string[] = eachThat(({ observes }) => observes);

/** Layers that are ready also when the service inside is not. */
export const absorbing: readonly string[] = eachThat(({ absorbs }) => absorbs);

/** Layers that refuse calls which would have to wait. */
export const shedding: readonly string[] = eachThat(({ sheds }) => sheds);

/** Layers that do their own work before that of the service inside begins. */
export const deferring: readonly string[] = eachThat(({ defers }) => defers);
