import type { Frame, LiveRoute, RouteFrame } from "../live/frame.ts";
import { greedyRoute, priorityRoute } from "../plan.ts";
import { element, mark, say } from "./dom.ts";
import { percent, short } from "./figures.ts";

type Side = "layered" | "plain";

/** What becomes of those whom one layer of this route is there for, below what becomes of all. */
export function classLine(
  name: LiveRoute,
  side: Side,
): { readonly root: HTMLElement; show(frame: Frame, route: RouteFrame): void } {
  const [words, share] = [element("span"), element("b")];
  const root = element("p", "class", words, " ", share);
  return {
    root,
    show(frame, route) {
      const { what, figure, isOn } = told(name, side, frame, route);
      say(words, what);
      say(share, figure);
      mark(root, "on", String(isOn));
    },
  };
}

function told(
  name: LiveRoute,
  side: Side,
  { greedy, important }: Frame,
  route: RouteFrame,
): { readonly what: string; readonly figure: string; readonly isOn: boolean } {
  if (name === priorityRoute) {
    const figure = percent(route.important.good, route.important.ended);
    return { what: important ? "★ Important:" : "☆ One in ten:", figure, isOn: important };
  }
  if (name === greedyRoute) {
    if (!greedy) return { what: "◇ No greedy client", figure: "", isOn: false };
    const { good, offered } = route.greedy;
    return { what: "◆ Greedy:", figure: `${short(good)} of ${short(offered)}`, isOn: true };
  }
  if (side === "plain") return { what: "≈ No fallback", figure: "", isOn: false };
  const { estimated, offered } = route.flow;
  return { what: "≈ With an estimate:", figure: percent(estimated, offered), isOn: estimated >= 0.5 };
}
