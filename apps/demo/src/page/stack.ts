import type { Condition, DescribedLayer, Described, RouteFrame } from "../live/frame.ts";
import { backendRow } from "./backend-row.ts";
import { draw, element, mark, say } from "./dom.ts";
import { layersOf, rowOf } from "./layer-row.ts";

interface Box {
  readonly root: HTMLLIElement;
  readonly figure: HTMLElement;
}

/** A stack as `describe` tells it: a box for each layer, the outermost on top, and the backend below. */
export function stack(): {
  readonly root: HTMLOListElement;
  show(route: RouteFrame, condition: Condition, seconds: number): void;
} {
  const root = element("ol", "stack");
  const backend = backendRow();
  let boxes = new Map<string, Box>();
  let before = new Map<string, DescribedLayer["numbers"]>();

  const rebuild = (layers: readonly DescribedLayer[], warnings: Described["warnings"]): void => {
    boxes = new Map(layers.map((layer) => [layer.id, boxOf(layer, warnings)]));
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
      for (const layer of layers) {
        const last = before.get(layer.id);
        const rate = (counter: string): number => {
          const [now, then] = [Number(layer.numbers[counter] ?? 0), Number(last?.[counter] ?? Number.NaN)];
          // Counts begin again where the gateway was started anew.
          return now >= then && seconds > 0 ? (now - then) / seconds : 0;
        };
        const { figure, alert, fill, cells, tone } = rowOf(layer, rate, route);
        const box = boxes.get(layer.id)!;
        say(box.figure, figure);
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

function boxOf({ id, layer, label }: DescribedLayer, warnings: Described["warnings"]): Box {
  const figure = element("span", "figure");
  const name = element("span", "name", label === undefined || label === "" ? layer : `${layer} (${label})`);
  const root = element("li", "layer", element("div", "row", name, figure));
  for (const { at, rule, message } of warnings) {
    if (at === id) root.append(element("p", "warning", `! ${rule}: ${message}`));
  }
  return { root, figure };
}
