import type { Condition, Described, DescribedLayer, LiveRoute, RouteFrame } from "../live/frame.ts";
import { backendRow } from "./backend-row.ts";
import { draw, element, mark, say } from "./dom.ts";
import { layersOf, limitOf, rowOf } from "./layer-row.ts";
import { limitButtons } from "./limit-buttons.ts";

interface Box {
  readonly root: HTMLLIElement;
  readonly figure: HTMLElement;
  readonly note: HTMLElement;
  /** Of a limit that can be set. */
  readonly buttons: ReturnType<typeof limitButtons> | undefined;
}

/** A stack as `describe` tells it: a box for each layer, the outermost on top, and the backend below. */
export function stack(name: LiveRoute): {
  readonly root: HTMLOListElement;
  show(route: RouteFrame, condition: Condition, seconds: number): void;
} {
  const root = element("ol", "stack");
  const backend = backendRow();
  let boxes = new Map<string, Box>();
  let before = new Map<string, DescribedLayer["numbers"]>();

  const rebuild = (layers: readonly DescribedLayer[], warnings: Described["warnings"]): void => {
    boxes = new Map(layers.map((layer) => [layer.id, boxOf(name, layer, warnings)]));
    root.replaceChildren(...Array.from(boxes.values(), (box) => box.root), backend.root);
  };

  return {
    root,
    show(route, condition, seconds) {
      backend.show(route, condition);
      if (route.described === null) return;
      // What is innermost stands for the backend, which has a box of its own.
      const layers = layersOf(route.described.root);
      if (layers.length !== boxes.size || layers.some(({ id }) => !boxes.has(id))) {
        rebuild(layers, route.described.warnings);
      }
      const rateOf = ({ id, numbers }: DescribedLayer, counter: string): number => {
        const [now, then] = [Number(numbers[counter] ?? 0), Number(before.get(id)?.[counter] ?? 0)];
        // Counts begin again where the gateway was started anew.
        return before.has(id) && now >= then && seconds > 0 ? (now - then) / seconds : 0;
      };
      for (const layer of layers) {
        const by = `refusedBy.${layer.layer}`;
        const refused = layers.reduce((sum, other) => sum + (by in other.numbers ? rateOf(other, by) : 0), 0);
        const { budget } = route;
        const { figure, note, alert, fill, cells, tone } = rowOf(layer, (counter) => rateOf(layer, counter), {
          budget,
          refused,
        });
        const box = boxes.get(layer.id)!;
        say(box.figure, figure);
        say(box.note, note ?? "");
        const limit = limitOf(layer);
        if (limit !== undefined) box.buttons?.show(limit.max);
        mark(box.root, "tone", tone);
        mark(box.root, "alert", String(alert));
        mark(box.root, "full", String(fill !== null && fill >= 1));
        draw(box.root, "--fill", (fill ?? 0).toFixed(3));
        draw(box.root, "--cells", String(cells));
      }
      before = new Map(layers.map(({ id, numbers }) => [id, numbers]));
    },
  };
}

function boxOf(route: LiveRoute, described: DescribedLayer, warnings: Described["warnings"]): Box {
  const { id, layer, label, traits } = described;
  const [figure, note] = [element("span", "figure"), element("span", "note")];
  const name = element("span", "name", label === undefined || label === "" ? layer : `${layer} (${label})`);
  const root = element("li", "layer", element("div", "row", name, figure));
  const buttons = limitOf(described) === undefined ? undefined : limitButtons(route);
  if (buttons !== undefined) root.append(element("div", "row", buttons.root, note));
  else if (traits.includes("in-line")) root.append(element("div", "row", note));
  for (const { at, rule, message } of warnings) {
    if (at === id) root.append(element("p", "warning", `! ${rule}: ${message}`));
  }
  return { root, figure, note, buttons };
}
