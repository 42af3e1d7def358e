import type { Condition, RouteFrame, SideFrame } from "../live/frame.ts";
import { backendRow } from "./backend-row.ts";
import { crowd } from "./crowd.ts";
import { draw, element, mark, say } from "./dom.ts";
import { count } from "./figures.ts";

/** What there is without layers: a line without a bound, connections that all routes share, and the backend. */
export function pipe(): {
  readonly root: HTMLOListElement;
  show(side: SideFrame, route: RouteFrame, condition: Condition): void;
} {
  const backend = backendRow();
  const [waiting, line, connections] = [crowd(), element("span", "figure"), element("span", "figure")];
  const proxy = element("li", "layer", element("div", "row", element("span", "name", "proxy")));
  const queue = element("li", "layer", element("div", "row", element("span", "name", "line"), line), waiting.root);
  const pool = element("li", "layer", element("div", "row", element("span", "name", "sockets"), connections));
  mark(proxy, "tone", "quiet");
  mark(queue, "tone", "quiet");
  mark(pool, "tone", "limit");
  return {
    root: element("ol", "stack pipe", proxy, queue, pool, backend.root),
    show({ connections: { active, max } }, route, condition) {
      say(line, route.waiting > 0 ? `${count(route.waiting)} wait` : "no one waits");
      mark(queue, "alert", String(route.waiting > 0));
      waiting.show(route.waiting);
      say(connections, `${count(active)} of ${count(max)}`);
      draw(pool, "--fill", (active / max).toFixed(3));
      mark(pool, "full", String(active >= max));
      backend.show(route, condition);
    },
  };
}
